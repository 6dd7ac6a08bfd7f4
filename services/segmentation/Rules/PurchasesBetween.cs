using System.Text.Json.Serialization;

namespace Patron.Segmentation;

/// <summary>
/// What is measured of purchased lines. All but <see cref="Spend"/> and <see cref="Returns"/> look at sold lines only; postage and adjustments
/// never count.
/// </summary>
internal enum PurchaseMeasure
{
    /// <summary>Receipts with at least one such line.</summary>
    Receipts,

    /// <summary>Sold minus returned, in minor units.</summary>
    Spend,

    /// <summary>Different days in the brand's zone.</summary>
    Days,

    Products,
    Categories,
    Stores,
    Channels,

    /// <summary>Midnights between the first such day in the window and today; no bounds hold without one.</summary>
    DaysSinceFirst,

    /// <summary>Midnights between the last such day in the window and today; no bounds hold without one.</summary>
    DaysSinceLast,

    /// <summary>The largest sum of such lines of one receipt, in minor units; 0 without one.</summary>
    LargestReceipt,

    /// <summary>Receipts with at least one line that went back, its amount below 0.</summary>
    Returns,
}

/// <summary>
/// Which lines count: of any of the products or in any of the categories, and through any of the channels, and in any of the stores. An
/// empty list leaves that out.
/// </summary>
/// <param name="Categories">Paths as the catalogue had them when the purchase was recorded; one stands for everything below it too.</param>
/// <param name="Channels"><c>pos</c> or <c>eshop</c>.</param>
internal sealed record PurchaseFilter(
    IReadOnlyList<string> Products, IReadOnlyList<string> Categories, IReadOnlyList<string> Channels, IReadOnlyList<string> Stores)
{
    public static readonly PurchaseFilter Any = new([], [], [], []);

    [JsonIgnore]
    public bool IsAny => Products.Count + Categories.Count + Channels.Count + Stores.Count == 0;

    public bool Has(BoughtLine line) =>
        ((Products.Count == 0 && Categories.Count == 0) || Products.Contains(line.Product) || Categories.Any(path => IsIn(line.Category, path)))
        && (Channels.Count == 0 || Channels.Contains(line.Channel)) && (Stores.Count == 0 || Stores.Contains(line.Store));

    public static bool IsIn(string category, string path) =>
        category.StartsWith(path, StringComparison.Ordinal) && (category.Length == path.Length || category[path.Length] == '/');
}

/// <summary>
/// Which days count, in the brand's zone: so many last ones, today included, or those between two dates, these included. Days more than
/// <see cref="DaysMax"/> ago never count, because the lines of older purchases are not kept.
/// </summary>
/// <param name="LastDays">1 to <see cref="DaysMax"/>; the dates are then null.</param>
internal sealed record PurchaseWindow(int? LastDays, DateOnly? From, DateOnly? To)
{
    /// <summary>The longest 25 months. Lines of purchases are kept for so many days, today included.</summary>
    public const int DaysMax = 762;

    public static PurchaseWindow Last(int days) => new(days, null, null);

    /// <summary>The first and the last day that count, as day numbers.</summary>
    /// <param name="daysMax">What is counted is kept for so long.</param>
    public (int From, int To) On(int today, int daysMax = DaysMax)
    {
        var from = LastDays is { } days ? today - days + 1 : From?.DayNumber ?? int.MinValue;
        return (Math.Max(from, KeptFrom(today, daysMax)), Math.Min(To?.DayNumber ?? today, today));
    }

    public static int KeptFrom(int today, int daysMax = DaysMax) => today - daysMax + 1;
}

/// <summary>What is measured of the customer's lines in the window lies between the bounds, these included; null leaves a side open.</summary>
internal sealed record PurchasesBetween(PurchaseMeasure Measure, long? Min, long? Max, PurchaseFilter Where, PurchaseWindow Window) : Clause;
