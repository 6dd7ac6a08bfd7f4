using System.Globalization;

namespace Patron.Tagging;

/// <summary>A tag that should be held, and why.</summary>
internal sealed record WantedTag(string Tag, string Rule, int RuleVersion, string Reason);

/// <summary>
/// When a tag applies. <paramref name="Version"/> grows with every change of the predicate, and stands in the provenance of each assignment.
/// </summary>
internal sealed record TagRule(
    string Name, int Version, string Tag, string Sentence, Func<CustomerActivity, bool> Applies, Func<CustomerActivity, string> Why);

/// <summary>The rules over purchases. The tags of a single-choice branch exclude one another by their predicates.</summary>
internal sealed class TagRules
{
    private const int FrequentPurchasesMin = 10;
    private const int ReturnsMin = 3;

    /// <summary>Minor units: a basket above this is big.</summary>
    private const long BigBasketOver = 500_00;

    private readonly string currency;

    /// <param name="currency">ISO 4217 code of the brand's currency.</param>
    public TagRules(string currency)
    {
        this.currency = currency;
        All =
        [
            new TagRule("first-time-buyer", 1, "consumption/frequency/first-time", "Bought exactly once",
                activity => activity.Purchases == 1, activity => $"{Purchases(1)}, on {Day(activity.LastPurchaseAt)}"),
            new TagRule("repeat-buyer", 1, "consumption/frequency/repeat", $"Bought 2 to {FrequentPurchasesMin - 1} times",
                activity => activity.Purchases is >= 2 and < FrequentPurchasesMin, WhyFrequency),
            new TagRule("frequent-buyer", 1, "consumption/frequency/frequent", $"Bought at least {FrequentPurchasesMin} times",
                activity => activity.Purchases >= FrequentPurchasesMin, WhyFrequency),
            new TagRule("multi-channel-shopper", 1, "consumption/channel/multi-channel", "Bought in a shop and in the eShop",
                activity => activity is { PosPurchases: > 0, EShopPurchases: > 0 },
                activity => $"{Purchases(activity.PosPurchases)} in shops ({Money(activity.PosSpend)}) and "
                    + $"{activity.EShopPurchases} in the eShop ({Money(activity.EShopSpend)})"),
            new TagRule("big-basket", 1, "consumption/basket/big", $"A purchase above {Money(BigBasketOver)}",
                activity => activity.LargestBasket > BigBasketOver,
                activity => $"a purchase of {Money(activity.LargestBasket)}, above {Money(BigBasketOver)}"),
            new TagRule("returner", 1, "consumption/returns/returner", $"Returned goods at least {ReturnsMin} times",
                activity => activity.Returns >= ReturnsMin,
                activity => $"{activity.Returns} returns beside {Purchases(activity.Purchases)}"),
        ];
    }

    public IReadOnlyList<TagRule> All { get; }

    public IReadOnlyList<WantedTag> Evaluate(CustomerActivity activity) =>
        [.. All.Where(rule => rule.Applies(activity)).Select(rule => new WantedTag(rule.Tag, rule.Name, rule.Version, rule.Why(activity)))];

    /// <summary>True when both lead to the same tags, whatever their numbers.</summary>
    public bool SameTags(CustomerActivity one, CustomerActivity other) => All.All(rule => rule.Applies(one) == rule.Applies(other));

    private static string WhyFrequency(CustomerActivity activity) => $"{Purchases(activity.Purchases)}, the last on {Day(activity.LastPurchaseAt)}";

    private static string Purchases(int count) => count == 1 ? "1 purchase" : $"{count} purchases";

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private string Money(long minor) => Contracts.Money.Text(minor, currency);
}
