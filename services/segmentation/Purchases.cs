using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Profile.V1;

namespace Patron.Segmentation;

internal readonly record struct DaySpend(int Day, long Minor);

/// <summary>What segments know of somebody's purchases. Days are <see cref="DateOnly.DayNumber"/>s in the brand's zone.</summary>
/// <param name="Window">What was spent on which of the last days, ascending; at least those that count in twelve months.</param>
internal sealed record Purchases(long Count, long Spend, int? FirstDay, int? LastDay, IReadOnlyList<DaySpend> Window)
{
    // The longest twelve months, a leap year, and today.
    private const int DaysMax = 367;

    public static readonly Purchases None = new(0, 0, null, null, []);

    /// <summary>What one receipt adds. A touchpoint's clock that runs ahead of the recording counts as that day.</summary>
    public static Purchases Of(PurchaseRecorded fact, DateTimeOffset recordedAt, BrandDays days)
    {
        var occurredAt = fact.OccurredAt.ToDateTimeOffset();
        var day = days.DayOf(occurredAt < recordedAt ? occurredAt : recordedAt);
        var bought = fact.Lines.Any(line => line.Kind == LineKind.Sale);

        // Returned lines have negative amounts; fees and adjustments are not the customer's spending.
        var amount = fact.Lines.Where(line => line.Kind is LineKind.Sale or LineKind.Return).Sum(line => line.AmountMinor);
        return new(bought ? 1 : 0, amount, bought ? day : null, bought ? day : null, amount == 0 ? [] : [new(day, amount)]);
    }

    /// <summary>Both together, in whatever order they happened.</summary>
    public Purchases Plus(Purchases other)
    {
        var latest = Window.Concat(other.Window).Select(spent => spent.Day).DefaultIfEmpty().Max();
        return new(
            Count + other.Count, Spend + other.Spend, Earlier(FirstDay, other.FirstDay), -Earlier(-LastDay, -other.LastDay),
            [
                .. Window.Concat(other.Window).Where(spent => spent.Day > latest - DaysMax).GroupBy(spent => spent.Day)
                    .Select(day => new DaySpend(day.Key, day.Sum(spent => spent.Minor))).OrderBy(spent => spent.Day),
            ]);
    }

    private static int? Earlier(int? one, int? other) => one < other || other is null ? one : other;
}
