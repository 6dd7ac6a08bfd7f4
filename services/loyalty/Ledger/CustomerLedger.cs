namespace Patron.Loyalty;

/// <summary>A customer's points as shown to people and tills.</summary>
/// <param name="Balance">Points that can be redeemed now.</param>
/// <param name="Owed">Points that the next purchases repay first.</param>
/// <param name="SpendMinor">Qualifying spend in the tier window, in minor units of <paramref name="Currency"/>.</param>
/// <param name="TierPoints">Points earned in the window and not taken back; <paramref name="TierVisits"/>: purchases in it.</param>
/// <param name="NextTier">What is missing to the next tier; null at the top.</param>
/// <param name="Held">What the tier is called and gives.</param>
/// <param name="Pending">Points that cannot be redeemed before the return window of their purchase has closed.</param>
/// <param name="Reserved">Points that open holds keep for tills.</param>
internal sealed record CustomerLedger(
    Guid Customer, long Balance, long Owed, string Tier, DateTimeOffset? TierReviewAt, long SpendMinor, long TierPoints, long TierVisits,
    string Currency, TierDistance? NextTier, TierShown Held,
    IReadOnlyList<LotShown> Lots, IReadOnlyList<OpenReturnShown> OpenReturns, long Pending, long Reserved)
{
    public static CustomerLedger Of(Guid customer, Ledger ledger, Programme programme, DateTimeOffset now)
    {
        var standing = ledger.StandingSince(programme.WindowStart(now));
        var tier = ledger.Tier ?? programme.Tiers[0].Name;
        var good = ledger.Lots.Where(lot => lot.ExpiresAt > now).ToList();
        return new(
            customer, ledger.Spendable(now), Math.Max(0, ledger.Clawback - good.Sum(lot => lot.Points)), tier, ledger.ReviewAt, standing.SpendMinor,
            standing.Points, standing.Visits, programme.TierCurrency,
            programme.TierAbove(tier) is { } next ? TierDistance.To(next, standing, programme, "reach") : null,
            TierShown.Of(ledger, tier, standing, programme, now),
            [.. good.Select(lot => new LotShown(lot.Points, lot.ExpiresAt, lot.AvailableAt))],
            [.. ledger.OpenReturns.Select(open => new OpenReturnShown(open.Return, open.Product, open.Quantity))], ledger.Pending, ledger.Held);
    }
}

/// <param name="AvailableAt">When a pending lot can be redeemed; null where it can be now.</param>
internal readonly record struct LotShown(long Points, DateTimeOffset ExpiresAt, DateTimeOffset? AvailableAt);

internal readonly record struct OpenReturnShown(PurchaseId Return, string Product, int Quantity);
