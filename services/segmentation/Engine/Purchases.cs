using System.Text.Json.Serialization;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Profile.V1;

namespace Patron.Segmentation;

/// <summary>What was spent on a day; stored before lines were kept, and read for ever.</summary>
internal readonly record struct DaySpend(int Day, long Minor);

/// <summary>A sold or returned line. Empty texts are what nobody named.</summary>
/// <param name="Day">The <see cref="DateOnly.DayNumber"/> in the brand's zone.</param>
/// <param name="Minor">Negative for what went back.</param>
/// <param name="Category">The catalogue's path when the purchase was recorded.</param>
/// <param name="Channel"><c>pos</c>, <c>eshop</c> or empty.</param>
/// <param name="Begins">The line is the first of its receipt; those that follow up to the next such one belong to it.</param>
internal sealed record BoughtLine(
    int Day, long Minor, string Product, string Category, string Channel, string Store, bool Sold, bool Begins);

/// <summary>What segments know of somebody's purchases. Days are <see cref="DateOnly.DayNumber"/>s in the brand's zone.</summary>
/// <param name="Count">Receipts with a sold line, ever.</param>
/// <param name="Window">What events of before <paramref name="Lines"/> have instead of them; empty in new ones.</param>
/// <param name="Lines">Of the last <see cref="PurchaseWindow.DaysMax"/> days, by day, the lines of a receipt together.</param>
internal sealed record Purchases(
    long Count, long Spend, int? FirstDay, int? LastDay, IReadOnlyList<DaySpend> Window, IReadOnlyList<BoughtLine>? Lines = null)
{
    public static readonly Purchases None = new(0, 0, null, null, [], []);

    /// <summary>The lines. Of an old event each day is a line of nothing that is known: it counts as spending, and not as a receipt.</summary>
    [JsonIgnore]
    public IReadOnlyList<BoughtLine> Bought =>
        Lines ?? [.. Window.Select(spent => new BoughtLine(spent.Day, spent.Minor, "", "", "", "", Sold: false, Begins: true))];

    /// <summary>What one receipt adds. A touchpoint's clock that runs ahead of the recording counts as that day.</summary>
    public static Purchases Of(PurchaseRecorded fact, DateTimeOffset recordedAt, BrandDays days)
    {
        var occurredAt = fact.OccurredAt.ToDateTimeOffset();
        var day = days.DayOf(occurredAt < recordedAt ? occurredAt : recordedAt);

        // Returned lines have negative amounts; fees and adjustments are not the customer's spending.
        var goods = fact.Lines.Where(line => line.Kind is LineKind.Sale or LineKind.Return).ToList();
        var bought = goods.Exists(line => line.Kind == LineKind.Sale);
        var categories = fact.Products.DistinctBy(known => known.Product).ToDictionary(known => known.Product, known => known.Category);
        var channel = fact.Channel switch { Channel.Pos => "pos", Channel.Eshop => "eshop", _ => "" };
        return new(
            bought ? 1 : 0, goods.Sum(line => line.AmountMinor), bought ? day : null, bought ? day : null, [],
            [
                .. goods.Select((line, index) => new BoughtLine(
                    day, line.AmountMinor, line.Product, categories.GetValueOrDefault(line.Product, ""), channel, fact.Store,
                    line.Kind == LineKind.Sale, Begins: index == 0)),
            ]);
    }

    /// <summary>Both together, in whatever order they happened.</summary>
    public Purchases Plus(Purchases other)
    {
        var lines = Bought.Concat(other.Bought).ToList();
        var kept = PurchaseWindow.KeptFrom(lines.Select(line => line.Day).DefaultIfEmpty().Max());
        return new(
            Count + other.Count, Spend + other.Spend, Earlier(FirstDay, other.FirstDay), -Earlier(-LastDay, -other.LastDay), [],
            [.. lines.Where(line => line.Day >= kept).OrderBy(line => line.Day)]);
    }

    private static int? Earlier(int? one, int? other) => one < other || other is null ? one : other;
}
