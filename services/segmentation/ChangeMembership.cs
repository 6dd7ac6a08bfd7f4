using Patron.Runtime.EventStore;

namespace Patron.Segmentation;

/// <summary>What an evaluation said of one segment.</summary>
/// <param name="Tag">That the segment gives; null for none.</param>
/// <param name="Revision">Of the segment's definition.</param>
internal sealed record Verdict(string Segment, bool Holds, string Reason, string? Tag = null, long Revision = 0);

/// <summary>Brings a customer's memberships in line with an evaluation: a pure difference, so that deciding again changes nothing.</summary>
internal static class ChangeMembership
{
    /// <summary>Somebody who was erased is in no segment.</summary>
    public static Decision Erase(Memberships memberships, DateTimeOffset at) =>
        Decision.Of([.. memberships.Held.Select(held => held.Left("the customer was erased", at))]);

    /// <param name="untouched">Segments that stay as they are; there is no verdict on them.</param>
    public static Decision Decide(
        Memberships memberships, IReadOnlyList<Verdict> verdicts, IReadOnlyCollection<string> untouched, DateTimeOffset evaluatedAt)
    {
        var events = new List<DomainEvent>();
        foreach (var gone in memberships.Held.Where(
            held => verdicts.All(verdict => verdict.Segment != held.Segment) && !untouched.Contains(held.Segment)))
            events.Add(gone.Left("the segment no longer exists", evaluatedAt));
        foreach (var left in verdicts.Where(verdict => !verdict.Holds && memberships.Has(verdict.Segment)))
            events.Add(new SegmentLeft(left.Segment, left.Reason, evaluatedAt) { Tag = left.Tag, Revision = left.Revision });
        foreach (var entered in verdicts.Where(verdict => verdict.Holds && !memberships.Has(verdict.Segment)))
            events.Add(new SegmentEntered(entered.Segment, entered.Reason, evaluatedAt) { Tag = entered.Tag, Revision = entered.Revision });
        return Decision.Of(events);
    }
}
