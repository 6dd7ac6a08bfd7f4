using System.Text.Json.Serialization;
using Patron.Contracts.Profile.V1;

namespace Patron.Segmentation;

/// <summary>What is measured of behaviours, the events of websites and apps.</summary>
internal enum BehaviourMeasure
{
    Count,

    /// <summary>Different days in the brand's zone.</summary>
    Days,

    Products,
    Categories,

    /// <summary>Midnights between the first such day in the window and today; no bounds hold without one.</summary>
    DaysSinceFirst,

    /// <summary>Midnights between the last such day in the window and today; no bounds hold without one.</summary>
    DaysSinceLast,
}

/// <summary>Which behaviours count: of any of the types, and of any of the products or in any of the categories. An empty list leaves that out.</summary>
/// <param name="Types">Registered event types, such as Product Viewed.</param>
/// <param name="Categories">Paths; one stands for everything below it too.</param>
internal sealed record BehaviourFilter(IReadOnlyList<string> Types, IReadOnlyList<string> Products, IReadOnlyList<string> Categories)
{
    public static readonly BehaviourFilter Any = new([], [], []);
}

/// <summary>
/// What is measured of the customer's behaviours in the window lies between the bounds, these included; null leaves a side open. They count for
/// whoever profile recorded them for: what somebody did before they were merged into another does not count for that one.
/// </summary>
internal sealed record BehavioursBetween(BehaviourMeasure Measure, long? Min, long? Max, BehaviourFilter Where, PurchaseWindow Window) : Clause
{
    /// <summary>Behaviours are kept for so many days, today included; older ones never count.</summary>
    public const int DaysMax = 186;

    private static readonly string[] ProductNames = ["product_id", "sku"];

    /// <summary>The same of purchased lines: a behaviour is a receipt whose store is the type.</summary>
    [JsonIgnore]
    public PurchasesBetween AsPurchases => new(
        Measure switch
        {
            BehaviourMeasure.Count => PurchaseMeasure.Receipts,
            BehaviourMeasure.Days => PurchaseMeasure.Days,
            BehaviourMeasure.Products => PurchaseMeasure.Products,
            BehaviourMeasure.Categories => PurchaseMeasure.Categories,
            BehaviourMeasure.DaysSinceFirst => PurchaseMeasure.DaysSinceFirst,
            _ => PurchaseMeasure.DaysSinceLast,
        },
        Min, Max, new PurchaseFilter(Where.Products, Where.Categories, [], Where.Types), Window);

    /// <summary>A line for each product of the behaviour, or one without.</summary>
    public static IEnumerable<BoughtLine> LinesOf(BehaviourRecorded fact, int day)
    {
        var products = fact.Products.Select(known => (known.Product, known.Category)).ToList();
        if (products.Count == 0)
        {
            products.Add((
                ProductNames.Select(name => fact.Properties.GetValueOrDefault(name, "")).FirstOrDefault(name => name.Length > 0, ""),
                fact.Properties.GetValueOrDefault("category", "")));
        }

        return products.Select((product, index) => new BoughtLine(day, 0, product.Product, product.Category, "", fact.Type, Sold: true, Begins: index == 0));
    }
}
