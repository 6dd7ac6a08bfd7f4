using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>A tier rises as soon as the spend of the window reaches it, and falls only at its review.</summary>
internal static class ReviewTier
{
    public static Command Command(Guid customer, Programme programme, DateTimeOffset due) =>
        Ledger.Kind.Command(customer, customer, ledger => Decide(ledger, programme, due));

    /// <summary>The review: the tier becomes what the spend of the window is worth, and is held for another period.</summary>
    public static Decision Decide(Ledger ledger, Programme programme, DateTimeOffset due)
    {
        if (ledger.Tier is null || ledger.ReviewAt is null)
            return Decision.Nothing;

        var since = programme.WindowStart(due);
        var spend = ledger.SpendSince(since);
        var held = programme.Rule(ledger.Tier);
        var reached = programme.TierFor(spend);
        if (reached.Name == ledger.Tier)
            return new TierKept(ledger.Tier, spend, held.FromMinor, programme.TierCurrency, since, due, programme.ReviewAfter(due));
        return Change(ledger.Tier, reached, programme, spend, since, due);
    }

    /// <summary>Raises the tier where the spend has reached a higher one.</summary>
    public static void Upgrade(Booking booking, Programme programme, DateTimeOffset now)
    {
        if (booking.Ledger.Tier is null)
            return;
        var since = programme.WindowStart(now);
        var spend = booking.Ledger.SpendSince(since);
        var reached = programme.TierFor(spend);
        if (programme.Rank(reached.Name) > programme.Rank(booking.Ledger.Tier))
            booking.Add(Change(booking.Ledger.Tier, reached, programme, spend, since, now));
    }

    private static TierChanged Change(string from, TierRule to, Programme programme, long spend, int since, DateTimeOffset at)
    {
        var up = programme.Rank(to.Name) > programme.Rank(from);
        return new(
            from, to.Name, up, spend, up ? to.FromMinor : programme.Rule(from).FromMinor, programme.TierCurrency, since, at,
            programme.Rank(to.Name) == 0 ? null : programme.ReviewAfter(at));
    }
}
