namespace Patron.Profile;

/// <summary>Which of a product's prices is asked at a moment.</summary>
internal static class PricesInForce
{
    /// <summary>One price a channel and currency: a promotion's before the usual one, then the one that began last.</summary>
    public static IReadOnlyList<ProductPrice> At(IEnumerable<ProductPrice> prices, DateTimeOffset moment) =>
    [
        .. prices.Where(p => p.HoldsAt(moment)).GroupBy(p => (p.Channel, p.Currency))
            .Select(g => g.OrderBy(p => p.Promotion is null).ThenByDescending(p => p.From ?? DateTimeOffset.MinValue).ThenBy(p => p.AmountMinor).First())
            .OrderBy(p => p.Channel, StringComparer.Ordinal).ThenBy(p => p.Currency, StringComparer.Ordinal),
    ];
}
