using System.Collections.Concurrent;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Segmentation;

/// <summary>
/// The definitions of segments as this instance knows them: those that ship, and in their place or after them what was put. It looks for new
/// ones every second and before it begins with a partition; each owned partition is then evaluated anew.
/// </summary>
internal sealed class SegmentBook(SegmentEngine engine, IServiceProvider services, SystemClock clock, ILogger<SegmentBook> logger)
    : StoreFollower("The definitions of segments", LookEvery, clock, logger)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private readonly ConcurrentQueue<Command> toExecute = new();
    private volatile List<StoredSegment> stored = [];

    /// <summary>As they were put, ascending.</summary>
    public IReadOnlyList<StoredSegment> Stored => stored;

    /// <summary>Learns everything that was committed before the call, and has the owned partitions evaluated anew if that is something.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        await LearnAsync(cancellation);
        var commands = new List<Command>();
        while (toExecute.TryDequeue(out var command))
            commands.Add(command);
        try
        {
            if (commands.Count > 0)
                await services.PatronService(Module.Name).ExecuteAsync(commands, cancellation);
        }
        catch
        {
            // The definitions are known by now and will not be learnt again: the next look tries what they lead to.
            commands.ForEach(toExecute.Enqueue);
            throw;
        }
    }

    /// <summary>Learns the same, and leaves evaluating to the next look: a partition that is being loaded must not wait for commands.</summary>
    public Task LearnAsync(CancellationToken cancellation) => AloneAsync(
        async () =>
        {
            var newer = await SegmentTable.AfterAsync(services.PatronService(Module.Name).Database, stored.Count, cancellation);
            if (newer.Count == 0)
                return;
            var all = stored.Concat(newer).ToList();
            foreach (var command in engine.Redefine(Catalog(all), services.GetRequiredService<BusinessClock>().GetUtcNow()))
                toExecute.Enqueue(command);
            stored = all;
        },
        cancellation);

    protected override Task LookAsync(CancellationToken cancellation) => RefreshAsync(cancellation);

    /// <summary>The catalogue with what was put, which was checked against the one before it.</summary>
    private static SegmentCatalog Catalog(List<StoredSegment> all)
    {
        var segments = ReadySets.Installed.ToList();
        foreach (var put in all)
        {
            if (put.IsRemoved)
            {
                segments.RemoveAll(known => known.Name == put.Name);
                continue;
            }

            var place = segments.FindIndex(known => known.Name == put.Name);
            var segment = new SegmentDefinition(put.Name, put.Title, RuleReader.Stored(put.Rule))
            {
                Tag = put.Tag ?? (place < 0 ? null : segments[place].Tag),
                Revision = put.Revision,
            };
            if (place < 0)
                segments.Add(segment);
            else
                segments[place] = segment;
        }

        return new SegmentCatalog(segments);
    }
}
