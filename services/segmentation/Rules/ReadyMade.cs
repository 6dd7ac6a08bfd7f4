namespace Patron.Segmentation;

/// <summary>The segments that every deployment starts with.</summary>
internal static class ReadyMade
{
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
        new("multi-channel", "Multi-channel", new Tagged("consumption/channel/multi-channel")),
    ];
}
