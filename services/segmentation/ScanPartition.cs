using System.Collections.Concurrent;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Segmentation;

/// <summary>Once a day every customer of a partition is evaluated, because days pass without any fact.</summary>
internal static class ScanPartition
{
    private const string Timer = "scan";

    /// <summary>The first fact of a partition starts its scans.</summary>
    public static Decision Schedule(Scans scans, DateTimeOffset from, BrandDays days, TimeOnly scanAt) =>
        scans.NextAt is null ? new ScansScheduled(days.Next(scanAt, from)) : Decision.Nothing;

    /// <summary>Scans that are scheduled come at once, because segments changed.</summary>
    public static Decision Hasten(Scans scans, DateTimeOffset now) =>
        scans.NextAt is { } next && next > now ? new ScansScheduled(now) : Decision.Nothing;

    /// <summary>Days that passed while the service was down are not made up for: today's memberships are what counts.</summary>
    public static Decision Record(ScanOutcome scan, BrandDays days, TimeOnly scanAt) =>
        new Scanned(scan.EvaluatedAt, days.Next(scanAt, scan.EvaluatedAt), scan.Customers, scan.Changed.Count);

    public static IEnumerable<TimerChange> Timers(RecordedEvent recorded) => recorded.Event switch
    {
        ScansScheduled scheduled => [TimerChange.Set(Timer, scheduled.NextAt)],
        Scanned scanned => [TimerChange.Set(Timer, scanned.NextAt)],
        _ => [],
    };
}

/// <summary>
/// The streams of scans. The store places a stream by a customer id, so each partition's is the first id of a fixed series, in no use for
/// a person, that falls on the partition.
/// </summary>
internal sealed class ScanStreams(int partitionCount)
{
    private readonly ConcurrentDictionary<int, Guid> known = [];

    public Guid Of(int partition) => known.GetOrAdd(partition, wanted =>
    {
        for (var number = 0; ; number++)
        {
            // Version 8 of RFC 9562: the series' own layout, so that it meets no random or time-ordered id.
            var id = new Guid(number, 0x7363, unchecked((short)0x8e00), 0x80, 0, 0, 0, 0, 0, 0, 0);
            if (CustomerPartition.Of(id, partitionCount) == wanted)
                return id;
        }
    });
}
