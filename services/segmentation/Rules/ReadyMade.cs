namespace Patron.Segmentation;

/// <summary>The segments that every deployment starts with.</summary>
internal static class ReadyMade
{
    private const int TwoYears = 730;

    public static readonly IReadOnlyList<SegmentDefinition> Segments =
    [
        new("new", "New", new DaysSince(DayColumn.FirstPurchase, null, 30)),
        new("active", "Active", new DaysSince(DayColumn.LastPurchase, null, 90)),
        new("at-risk", "At risk", new AllOf(
            new NumberBetween(NumberColumn.Purchases, 2, null),
            new DaysSince(DayColumn.LastPurchase, 91, 180))),
        new("dormant", "Dormant", new DaysSince(DayColumn.LastPurchase, 181, null)),
        new("vip", "VIP", new AllOf(
            new InTier("gold", "platinum"),
            new DaysSince(DayColumn.LastPurchase, null, 90))),
        new("big-spenders", "Big spenders", new NumberBetween(NumberColumn.SpendInTwelveMonths, 2_000_00, null)),
        new("multi-channel", "Multi-channel", Bought(PurchaseMeasure.Channels, 2)) { Tag = "consumption/channel/multi-channel" },
        new("first-time-buyer", "First-time buyers", new NumberBetween(NumberColumn.Purchases, 1, 1)) { Tag = "consumption/frequency/first-time" },
        new("repeat-buyer", "Repeat buyers", new NumberBetween(NumberColumn.Purchases, 2, 9)) { Tag = "consumption/frequency/repeat" },
        new("frequent-buyer", "Frequent buyers", new NumberBetween(NumberColumn.Purchases, 10, null)) { Tag = "consumption/frequency/frequent" },
        new("big-basket", "Big baskets", Bought(PurchaseMeasure.LargestReceipt, 500_01)) { Tag = "consumption/basket/big" },
        new("returner", "Returners", Bought(PurchaseMeasure.Returns, 3)) { Tag = "consumption/returns/returner" },
    ];

    private static PurchasesBetween Bought(PurchaseMeasure measure, long atLeast) =>
        new(measure, atLeast, null, PurchaseFilter.Any, PurchaseWindow.Last(TwoYears));
}
