using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>
/// Two customers are one person, or are not after all. Their ledgers change in one transaction: everything of the one goes to the other, with
/// its origin, and what is left of an origin goes back. Points are earned and spent by whoever the ledger is of at that moment; a hold goes
/// with the lots that it holds.
/// </summary>
internal static class MergeLedgers
{
    public static HandoverRules Rules(Func<ProgrammeVersions> versions) => new(
        handover => Ledger.Kind.HandoverWithHistory(
            handover.Customer, handover.Root,
            (from, into, history) => Absorb(from, into, Booked.Of(handover.Root, history), handover, versions().At(handover.At)),
            from => Close(from, handover)),
        handover => Ledger.Kind.Handover(
            handover.Root, handover.Customer, (from, opened) => Reopen(from, opened, handover, versions().At(handover.At)),
            from => GiveBack(from, handover, versions().At(handover.At))));

    public static Decision Close(Ledger ledger, Handover handover) =>
        new LedgerClosed(
            handover.Root, handover.Link, handover.Version, ledger.Tier, ledger.Balance, ledger.Clawback, ledger.Pending, ledger.Held);

    /// <param name="history">What was booked in both ledgers so far, seen from the one that takes.</param>
    public static Decision Absorb(Ledger from, Ledger into, IReadOnlyList<Booked> history, Handover handover, Programme programme)
    {
        var booking = new Booking(into);
        booking.Add(Joined(from, into, handover, programme));

        // A return may have come to the one ledger while its purchase was in the other.
        ReturnGoods.ClaimAll(booking, history);
        ReviewTier.Upgrade(booking, programme, handover.At);
        return booking.Decide();
    }

    public static LedgerAbsorbed Joined(Ledger from, Ledger into, Handover handover, Programme programme)
    {
        var content = Sharing.ContentOf(from, handover.Customer, handover.Root, origins: null);
        var (tier, review) = Higher((into.Tier, into.ReviewAt), (from.Tier, from.ReviewAt), programme);
        return new(
            handover.Customer, handover.Link, handover.Version, content, into.Tier, tier, review, checked(into.Balance + content.Points),
            Earliest(into.Lots.Concat(content.Lots)), FirstEnd(into.Holds.Concat(content.Holds ?? [])),
            into.Lots.Concat(content.Lots).Min(lot => lot.AvailableAt));
    }

    public static Decision GiveBack(Ledger from, Handover handover, Programme programme)
    {
        if (!from.IsAlsoOf(handover.Customer))
            return Decision.Nothing;
        var going = Going(from, handover);
        var points = going.Points;
        var booking = new Booking(from);
        var given = new LedgerGivenBack(
            handover.Customer, handover.Link, handover.Version, [.. handover.Origins.Order()], points, from.Tier, null, null, from.Balance - points,
            Earliest(from.Lots.Where(lot => !Goes(lot.Origin, handover))), going.Clawback, going.Pending, going.Held);
        var left = Ledger.Evolve(from, given);
        var (tier, review) = TierOf([.. from.Shares.Where(share => !Goes(share.Customer, handover))], left, programme);
        booking.Add(given with { Tier = tier, ReviewAt = review });
        ReviewTier.Upgrade(booking, programme, handover.At);
        return booking.Decide();
    }

    public static Decision Reopen(Ledger from, Ledger opened, Handover handover, Programme programme)
    {
        if (!from.IsAlsoOf(handover.Customer))
            return Decision.Nothing;
        var content = Going(from, handover);
        var booking = new Booking(opened);
        var reopened = new LedgerReopened(
            handover.Root, handover.Link, handover.Version, content, null, null, checked(opened.Balance + content.Points), Earliest(content.Lots),
            FirstEnd(content.Holds ?? []), content.Lots.Min(lot => lot.AvailableAt));
        var (tier, review) = TierOf(content.Shares, Ledger.Evolve(opened, reopened), programme);
        booking.Add(reopened with { Tier = tier, ReviewAt = review });
        ReviewTier.Upgrade(booking, programme, handover.At);
        return booking.Decide();
    }

    private static bool Goes(Guid? origin, Handover handover) => origin is { } customer && handover.Origins.Contains(customer);

    private static LedgerContent Going(Ledger from, Handover handover) =>
        Sharing.ContentOf(from, handover.Root, handover.Customer, handover.Origins);

    /// <summary>
    /// The tier that these brought in; the lowest where they brought none and have bought since. What their spend reaches beyond it raises it
    /// afterwards, and a review that was missed meanwhile is due at once.
    /// </summary>
    private static (string? Tier, DateTimeOffset? ReviewAt) TierOf(IReadOnlyList<Share> shares, Ledger ledger, Programme programme)
    {
        var brought = shares.Aggregate(
            (Tier: (string?)null, ReviewAt: (DateTimeOffset?)null), (best, share) => Higher(best, (share.Tier, share.ReviewAt), programme));
        var hasBought = ledger.Lots.Count + ledger.Holds.Count + ledger.Spend.Count + ledger.OpenReturns.Count > 0;
        return brought.Tier is null && hasBought ? (programme.Tiers[0].Name, null) : brought;
    }

    private static (string? Tier, DateTimeOffset? ReviewAt) Higher(
        (string? Tier, DateTimeOffset? ReviewAt) one, (string? Tier, DateTimeOffset? ReviewAt) other, Programme programme)
    {
        if (one.Tier is null || other.Tier is null)
            return one.Tier is null ? other : one;
        var (first, second) = (programme.Rank(one.Tier), programme.Rank(other.Tier));
        return first == second ? (one.Tier, Later(one.ReviewAt, other.ReviewAt)) : first > second ? one : other;
    }

    private static DateTimeOffset? Later(DateTimeOffset? one, DateTimeOffset? other) => one > other || other is null ? one : other;

    private static DateTimeOffset? FirstEnd(IEnumerable<Hold> holds) => holds.Min(hold => (DateTimeOffset?)hold.Until);

    private static DateTimeOffset? Earliest(IEnumerable<Lot> lots) =>
        lots.Select(lot => (DateTimeOffset?)lot.ExpiresAt).Order().FirstOrDefault();
}
