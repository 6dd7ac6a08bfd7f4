using System.Diagnostics;

namespace Patron.Benchmarks.Store;

/// <summary>Commands handed over 500 at a time, through a service's ordinary door.</summary>
internal sealed class AppendBatched(bool withView) : IBenchmark
{
    public const int BatchEvents = 500;

    private const int Callers = 8;

    private int events;
    private BenchPlace? place;
    private NotebookService? service;
    private CopyPeer? peer;

    public Figure Figure { get; } = new(
        withView ? "append.batched.view" : "append.batched",
        withView
            ? "The same with one inline view row an event."
            : $"Events of {Noted.JsonBytes} bytes of JSON in batches of {BatchEvents} over uniform partitions, with every guarantee of the store: "
                + "gapless positions, dense versions, idempotency keys, the deciding state beside the stream.",
        "events/s",
        $"COPY of the same rows into a table with the same columns and indexes, {BatchEvents} a commit, as many connections",
        Target.RatioAtLeast(withView ? 0.45 : 0.7));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        this.place = place;
        events = place.Of(200_000, least: 2 * BatchEvents);
        service = await NotebookService.StartAsync(place, withView, cancellation);
        peer = await CopyPeer.CreateAsync(service, cancellation);
        await AppendAsync(events / 2, cancellation);
        await peer.CopyAsync(events / 2, cancellation);
    }

    public Task<double> MeasureAsync(CancellationToken cancellation) => AppendAsync(events, cancellation);

    public async Task<double?> MeasurePeerAsync(CancellationToken cancellation) => await peer!.CopyAsync(events, cancellation);

    public async ValueTask DisposeAsync()
    {
        if (peer is not null)
            await peer.DisposeAsync();
        if (service is not null)
            await service.DisposeAsync();
    }

    private async Task<double> AppendAsync(int count, CancellationToken cancellation)
    {
        var batches = count / BatchEvents;
        var before = await service!.CountAsync(cancellation);
        var next = -1;
        var begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async _ =>
        {
            await Task.Yield();
            while (Interlocked.Increment(ref next) is var batch && batch < batches)
            {
                var commands = Enumerable.Range(0, BatchEvents).Select(i => Notebook.Note(service.Customer((batch * BatchEvents) + i))).ToList();
                var results = await service.Runtime.ExecuteAsync(commands, cancellation);
                if (results.Any(r => !r.Accepted || r.Repeated))
                    throw new InvalidOperationException("A command was not applied.");
            }
        }));
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        var committed = await service.CountAsync(cancellation) - before;
        return committed == (long)batches * BatchEvents
            ? committed / seconds
            : throw new InvalidOperationException($"{committed} of {batches * BatchEvents} events were committed.");
    }
}
