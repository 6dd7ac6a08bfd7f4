using System.Diagnostics;

namespace Patron.Benchmarks.Store;

/// <summary>One event a command, as requests come.</summary>
internal sealed class AppendSingle(string id, string peerName, double ratio, IAppendPeer peer) : IBenchmark
{
    private const int Outstanding = 256;

    private NotebookService? service;
    private TimeSpan round;

    public Figure Figure { get; } = new(
        id,
        $"One event of {Noted.JsonBytes} bytes a command, {Outstanding} commands outstanding, each with an idempotency key and every guarantee of the store.",
        "events/s",
        peerName,
        Target.RatioAtLeast(ratio));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        round = TimeSpan.FromMilliseconds(place.Of(5_000, least: 100));
        service = await NotebookService.StartAsync(place, withView: false, cancellation);
        await peer.PrepareAsync(place, service, cancellation);
        await RunAsync(round / 2, cancellation);
        await peer.RunAsync(round / 2, cancellation);
    }

    public Task<double> MeasureAsync(CancellationToken cancellation) => RunAsync(round, cancellation);

    public async Task<double?> MeasurePeerAsync(CancellationToken cancellation) => await peer.RunAsync(round, cancellation);

    public async ValueTask DisposeAsync()
    {
        await peer.DisposeAsync();
        if (service is not null)
            await service.DisposeAsync();
    }

    private async Task<double> RunAsync(TimeSpan duration, CancellationToken cancellation)
    {
        var before = await service!.CountAsync(cancellation);
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Outstanding).Select(async caller =>
        {
            await Task.Yield();
            for (var i = caller; watch.Elapsed < duration; i += Outstanding)
            {
                if (!(await service.Runtime.ExecuteAsync(Notebook.Note(service.Customer(i)), cancellation)).Accepted)
                    throw new InvalidOperationException("A command was not applied.");
            }
        }));
        var seconds = watch.Elapsed.TotalSeconds;
        return (await service.CountAsync(cancellation) - before) / seconds;
    }
}

/// <summary>Something else that appends one event at a time.</summary>
internal interface IAppendPeer : IAsyncDisposable
{
    Task PrepareAsync(BenchPlace place, NotebookService service, CancellationToken cancellation);

    /// <summary>Events a second over this time.</summary>
    Task<double> RunAsync(TimeSpan duration, CancellationToken cancellation);
}
