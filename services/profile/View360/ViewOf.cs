namespace Patron.Profile;

/// <summary>What was read of a customer, opened and laid out as it is answered, before it is cut to a role.</summary>
internal static class ViewOf
{
    /// <summary>How many days ahead points count as expiring soon.</summary>
    public const int SoonDays = 60;

    /// <param name="now">The moment that is shown, in business time: what expires soon depends on it.</param>
    public static CustomerView Of(CustomerRead read, Advice advice, DateTimeOffset now) =>
        new(read.Id, read.Key is { } key ? MaskedDetails.Opened(read.Profile.Details, key) : null, ConsentView.Of(read.Profile), read.Profile.Identifiers.Count)
        {
            Aliases = read.Aliases.Count == 0 ? null : read.Aliases,
            Loyalty = Loyalty(read.Summary.Loyalty, now),
            Tags = read.Summary.Tags,
            Segments = read.Summary.Segments,
            Insight = advice.Insight,
            Purchases = Purchases(read.Summary.Purchases),
            Behaviour = read.Summary.Behaviour.Count == 0 ? null : read.Summary.Behaviour,
            Journeys = [.. read.Summary.Journeys.Select(j => new JourneyView(j.Instance, j.Journey, j.Since, j.Step, j.Why, j.At))],
            Messages = read.Summary.Messages,
            Preferences = advice.Preferences,
            Offers = advice.Offers,
            NextBestAction = advice.NextBestAction,
            Freshness = read.Freshness,
        };

    private static LoyaltyView Loyalty(LoyaltySummary loyalty, DateTimeOffset now) => new(
        loyalty.Balance, loyalty.Tier, loyalty.TierSince, loyalty.TierReason,
        [.. loyalty.Lots.Where(l => l.ExpiresAt > now && l.ExpiresAt <= now.AddDays(SoonDays))])
    {
        Coupons = [.. loyalty.Coupons.Where(coupon => coupon.Until is null || coupon.Until > now)],
    };

    private static PurchasesView Purchases(PurchaseSummary purchases) => new(
        purchases.Count, purchases.Returns, purchases.First, purchases.Last, purchases.Spend,
        [
            .. purchases.Latest.Select(p => new PurchaseView(
                p.Id, p.At, p.Channel, p.Store, p.Currency, p.TotalMinor, p.LineCount,
                [.. p.Lines.Select(l => new LineView(l.Product, l.Kind.ToString().ToLowerInvariant(), l.Quantity, l.AmountMinor))])),
        ]);
}
