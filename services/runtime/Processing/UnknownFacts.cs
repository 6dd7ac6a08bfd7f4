using Patron.Runtime.EventLog;

namespace Patron.Runtime.Processing;

/// <summary>A fact that was applied here and that its restored store no longer knows.</summary>
/// <param name="Id">As in the envelope, <c>{partition}-{position}</c>.</param>
/// <param name="Type">The fact's protobuf name.</param>
public sealed record UnknownFact(string Id, string Type, Guid Customer, long Position, DateTimeOffset Time);

/// <summary>A partition that stopped because a producer's store was restored from a backup.</summary>
/// <param name="StoreEpoch">The life that the store is in now; what an operator accepts.</param>
/// <param name="FormerEpoch">The life whose facts are applied here.</param>
/// <param name="SharedPosition">Up to here both lives are the same.</param>
/// <param name="AppliedPosition">What is applied here; above <paramref name="SharedPosition"/>.</param>
/// <param name="Facts">What is unknown, in order, as far as the log still has it and at most as many as were asked for.</param>
/// <param name="HasMore">There are more than that.</param>
public sealed record RestoredStore(
    string Topic, int Partition, string Source, Guid StoreEpoch, Guid FormerEpoch, long SharedPosition, long AppliedPosition,
    IReadOnlyList<UnknownFact> Facts, bool HasMore);

/// <summary>Finds the facts of a former life that lie above what the store still shares with it.</summary>
internal static class UnknownFacts
{
    public static async Task<RestoredStore> ListAsync(IEventLog log, ForeignLife life, int factsMax, CancellationToken cancellation)
    {
        // Positions grow at least as fast as offsets, but for what was published twice: begins where it must be and goes back if it was not.
        var span = Math.Max(1, life.Place.Position - life.Shared);
        var facts = new SortedDictionary<long, UnknownFact>();
        for (var from = Math.Max(0, life.Offset - span); ; from = Math.Max(0, life.Offset - (span *= 4)))
        {
            if (await CollectAsync(log, life, from, factsMax, facts, cancellation) || from == 0)
                break;
            facts.Clear();
        }

        return new RestoredStore(
            life.Topic.Name, life.Partition, life.First.Source, life.First.StoreEpoch, life.Place.StoreEpoch ?? Guid.Empty, life.Shared, life.Place.Position,
            [.. facts.Values.Take(factsMax)], facts.Count > factsMax);
    }

    /// <summary>True when the reading began at or before the last shared fact, so that none of the unknown ones lies before it.</summary>
    private static async Task<bool> CollectAsync(
        IEventLog log, ForeignLife life, long from, int factsMax, SortedDictionary<long, UnknownFact> facts, CancellationToken cancellation)
    {
        var complete = false;
        await foreach (var (_, record, envelope) in LogTails.BetweenAsync(log, life.Topic, life.Partition, from, life.Offset, cancellation))
        {
            if (envelope.StoreEpoch != life.Place.StoreEpoch)
                continue;
            complete |= envelope.Position <= life.Shared || envelope.Previous <= life.Shared;
            if (envelope.Position > life.Shared && facts.Count <= factsMax && Guid.TryParseExact(record.Key, "D", out var customer))
                facts.TryAdd(envelope.Position, new UnknownFact(envelope.Id, envelope.Type, customer, envelope.Position, envelope.Time));
        }

        return complete;
    }
}
