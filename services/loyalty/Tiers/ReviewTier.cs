using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>
/// A tier rises as soon as what was done in the window reaches it, and falls only at its review, or after the grace that follows it. What a
/// new version of the programme makes easier is looked at with the member's next purchase.
/// </summary>
internal static class ReviewTier
{
    public static Command Command(Guid customer, Programme programme, DateTimeOffset due) =>
        Ledger.Kind.Command(customer, customer, ledger => Decide(ledger, programme, due));

    /// <summary>The review: the tier becomes what the window is worth and is held for another period, or is lost after the days of grace.</summary>
    public static Decision Decide(Ledger ledger, Programme programme, DateTimeOffset due)
    {
        if (ledger.Tier is null || ledger.ReviewAt is null)
            return Decision.Nothing;

        var window = Window.Of(ledger, programme, due);
        if (window.Reached.Name == ledger.Tier)
            return window.Keep(ledger.Tier);
        var falls = programme.Rank(window.Reached.Name) < programme.Rank(ledger.Tier);
        return falls && programme.TierGraceDays > 0 && ledger.GraceUntil is null ? window.Spare(ledger.Tier) : window.Change(ledger.Tier);
    }

    /// <summary>Raises the tier where a higher one is reached, and ends the grace of one that is reached again.</summary>
    public static void Upgrade(Booking booking, Programme programme, DateTimeOffset now)
    {
        if (booking.Ledger.Tier is not { } tier)
            return;
        var window = Window.Of(booking.Ledger, programme, now);
        var (reached, held) = (programme.Rank(window.Reached.Name), programme.Rank(tier));
        if (reached > held)
            booking.Add(window.Change(tier));
        else if (reached == held && booking.Ledger.GraceUntil is not null)
            booking.Add(window.Keep(tier));
    }

    /// <summary>What a member has done by a moment, and what that is worth.</summary>
    private readonly record struct Window(Programme Programme, TierStanding Standing, TierRule Reached, int Since, DateTimeOffset At)
    {
        public static Window Of(Ledger ledger, Programme programme, DateTimeOffset at)
        {
            var since = programme.WindowStart(at);
            var standing = ledger.StandingSince(since);
            return new(programme, standing, programme.TierFor(standing), since, at);
        }

        public TierKept Keep(string tier) => new(
            tier, Standing.SpendMinor, Programme.Rule(tier).FromMinor ?? 0, Programme.TierCurrency, Since, At, Programme.ReviewAfter(At),
            By(Programme.Rule(tier)));

        public TierGraceGiven Spare(string tier) => new(
            tier, Standing.SpendMinor, Programme.Rule(tier).FromMinor ?? 0, Programme.TierCurrency, Since, At, Programme.GraceAfter(At),
            By(Programme.Rule(tier)));

        public TierChanged Change(string from)
        {
            var up = Programme.Rank(Reached.Name) > Programme.Rank(from);
            var asking = up ? Reached : Programme.Rule(from);
            return new(
                from, Reached.Name, up, Standing.SpendMinor, asking.FromMinor ?? 0, Programme.TierCurrency, Since, At,
                Programme.Rank(Reached.Name) == 0 ? null : Programme.ReviewAfter(At), By(asking));
        }

        /// <summary>Null where spend alone counts, which the event says anyhow.</summary>
        private IReadOnlyList<Measured>? By(TierRule asking)
        {
            var standing = Standing;
            return asking.Thresholds.All(threshold => threshold.Measure == TierMeasure.Spend)
                ? null
                : [.. asking.Thresholds.Select(asked => new Measured(TierMeasures.NameOf(asked.Measure), standing.Of(asked.Measure), asked.From))];
        }
    }
}
