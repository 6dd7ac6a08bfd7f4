using Patron.Runtime.EventStore;

namespace Patron.Segmentation;

/// <summary>What is known of the purchases of a linked customer, whole: linked customers are few, and change seldom.</summary>
/// <param name="OwnTaken">The customer's own purchases are among them, and are no longer counted in the columns alone.</param>
/// <param name="Away">The customer is the same person as another, whose segments count.</param>
[EventName("segmentation.row-changed.v1")]
internal sealed record RowChanged(IReadOnlyList<OriginPurchases> Counted, bool OwnTaken, bool Away, string Reason) : DomainEvent;

/// <summary>The purchases of one origin; null is the stream's own customer.</summary>
internal sealed record OriginPurchases(Guid? Origin, Purchases Purchases);

/// <summary>
/// Two customers are one person, or are not after all. What linked customers bought stands in their streams, by origin. The reader of the one
/// customer hands theirs over; the other's own are in the columns of whoever reads that one, who adds them on Absorbed. Both learn of what
/// came of it by the compacted topic of rows, since columns are in the memory of one instance only.
/// </summary>
internal sealed class MergeRows(SegmentEngine engine)
{
    private const string SamePerson = "the customer is the same person as another, whose segments count";

    public HandoverRules Rules => new(
        handover => Memberships.Kind.Handover(
            handover.Customer, handover.Root, (from, into) => Join(from, into, handover), from => HandOver(from, handover)),
        handover => Memberships.Kind.Handover(
            handover.Root, handover.Customer, (from, opened) => Reopen(from, handover), from => GiveBack(from, handover)));

    public static Decision Take(Memberships memberships, Purchases own) => memberships.OwnTaken
        ? Decision.Nothing
        : new RowChanged(Plus(memberships.Counted, null, own), OwnTaken: true, memberships.Away, "another customer is the same person");

    public static Decision Count(Memberships memberships, Guid? origin, Purchases receipt) =>
        new RowChanged(Plus(memberships.Counted, origin, receipt), memberships.OwnTaken, memberships.Away, "a receipt");

    private Decision Join(Memberships from, Memberships into, Handover handover)
    {
        var own = from.OwnTaken ? Purchases.None : engine.Link(handover.Customer);
        var counted = from.Counted.Append(new OriginPurchases(null, own)).Aggregate(
            into.Counted, (sum, of) => Plus(sum, Seen(of.Origin ?? handover.Customer, handover.Root), of.Purchases));
        return new RowChanged(counted, into.OwnTaken, into.Away, $"customer {handover.Customer:D} is the same person");
    }

    private Decision HandOver(Memberships from, Handover handover)
    {
        engine.Leave(handover.Customer);
        return Decision.Of(
        [
            .. from.Held.Select(held => held.Left(SamePerson, handover.At)),
            new RowChanged([], OwnTaken: true, Away: true, $"merged into customer {handover.Root:D}"),
        ]);
    }

    private static Decision GiveBack(Memberships from, Handover handover) => new RowChanged(
        [.. from.Counted.Where(of => !Goes(of, handover))], from.OwnTaken, from.Away, $"customer {handover.Customer:D} is another person after all");

    private static Decision Reopen(Memberships from, Handover handover) => new RowChanged(
        [.. from.Counted.Where(of => Goes(of, handover)).Select(of => of with { Origin = Seen(of.Origin!.Value, handover.Customer) })],
        OwnTaken: true, Away: false, $"not the same person as customer {handover.Root:D}");

    private static IReadOnlyList<OriginPurchases> Plus(IReadOnlyList<OriginPurchases> counted, Guid? origin, Purchases more)
    {
        var known = counted.FirstOrDefault(of => of.Origin == origin)?.Purchases ?? Purchases.None;
        return [.. counted.Where(of => of.Origin != origin), new OriginPurchases(origin, known.Plus(more))];
    }

    private static bool Goes(OriginPurchases of, Handover handover) => of.Origin is { } origin && handover.Origins.Contains(origin);

    private static Guid? Seen(Guid origin, Guid receiver) => origin == receiver ? null : origin;
}
