using Patron.Segmentation;

namespace Patron.Services.Tests.Segmentation;

/// <param name="Minor">Negative for what came back.</param>
internal sealed record BoughtThing(string Product, string Category, long Minor, bool Sold);

internal sealed record BoughtOnce(DateTimeOffset At, string Channel, string Store, IReadOnlyList<BoughtThing> Things)
{
    public bool HasSale => Things.Any(thing => thing.Sold);

    public long Minor => Things.Sum(thing => thing.Minor);
}

/// <summary>Everything that ever happened to a customer, unsorted and unsummed.</summary>
internal sealed record Story(
    Guid Customer, IReadOnlyList<BoughtOnce> Receipts, string? Tier, IReadOnlySet<string> Tags, IReadOnlySet<(string Channel, string Purpose)> Consents,
    long Points);

/// <summary>Says who is in a segment straight from the definition of each clause: slow, and obviously right.</summary>
internal static class SlowInterpreter
{
    private static readonly TimeZoneInfo London = TimeZoneInfo.FindSystemTimeZoneById("Europe/London");

    /// <param name="segments">The rules of the segments that the clause may name.</param>
    public static bool Holds(Clause clause, Story story, DateTimeOffset now, IReadOnlyDictionary<string, Clause>? segments = null)
    {
        switch (clause)
        {
            case AllOf all:
                foreach (var part in all.Clauses)
                {
                    if (!Holds(part, story, now, segments))
                        return false;
                }

                return true;
            case AnyOf any:
                foreach (var part in any.Clauses)
                {
                    if (Holds(part, story, now, segments))
                        return true;
                }

                return false;
            case NoneOf not:
                return !Holds(not.Clause, story, now, segments);
            case InSegment inside:
                return Holds(segments![inside.Segment], story, now, segments);
            case DaysSince since:
                return Day(since.Column, story) is { } day && Lies(DaysBetween(day, now), since.Min, since.Max);
            case DateBetween date:
                return Day(date.Column, story) is { } on && (date.From is null || on >= date.From) && (date.To is null || on <= date.To);
            case NumberBetween number:
                return Lies(Number(number.Column, story, LocalDate(now)), number.Min, number.Max);
            case InTier tier:
                return story.Tier is not null && tier.Tiers.Contains(story.Tier);
            case Consented consent:
                return story.Consents.Contains((consent.Channel, consent.Purpose));
            case PurchasesBetween purchases:
                return Measure(purchases, story, now) is { } value && Lies(value, purchases.Min, purchases.Max);
            case InControlGroup control:
                return new ControlGroup(control.Name).PlaceOf(story.Customer) < (int)(control.Percent * 100);
            default:
                return story.Tags.Contains(((Tagged)clause).Tag);
        }
    }

    private static long Number(NumberColumn column, Story story, DateOnly today) => column switch
    {
        NumberColumn.Purchases => story.Receipts.Count(receipt => receipt.HasSale),
        NumberColumn.Spend => story.Receipts.Sum(receipt => receipt.Minor),
        NumberColumn.SpendInTwelveMonths => story.Receipts.Where(receipt => LocalDate(receipt.At) > today.AddYears(-1)).Sum(receipt => receipt.Minor),
        _ => story.Points,
    };

    private static DateOnly? Day(DayColumn column, Story story)
    {
        var days = story.Receipts.Where(receipt => receipt.HasSale).Select(receipt => LocalDate(receipt.At)).Order().ToList();
        return days.Count == 0 ? null : column == DayColumn.FirstPurchase ? days[0] : days[^1];
    }

    private static long? Measure(PurchasesBetween clause, Story story, DateTimeOffset now)
    {
        var found = new List<(BoughtOnce Receipt, BoughtThing Thing)>();
        foreach (var receipt in story.Receipts)
        {
            foreach (var thing in receipt.Things)
            {
                if (Counts(clause.Window, LocalDate(receipt.At), LocalDate(now)) && Passes(clause.Where, receipt, thing))
                    found.Add((receipt, thing));
            }
        }

        var sold = found.Where(line => line.Thing.Sold).ToList();
        return clause.Measure switch
        {
            PurchaseMeasure.Spend => found.Sum(line => line.Thing.Minor),
            PurchaseMeasure.Receipts => sold.Select(line => line.Receipt).Distinct(ReferenceEqualityComparer.Instance).Count(),
            PurchaseMeasure.Days => sold.Select(line => LocalDate(line.Receipt.At)).Distinct().Count(),
            PurchaseMeasure.Products => sold.Select(line => line.Thing.Product).Where(name => name != "").Distinct().Count(),
            PurchaseMeasure.Categories => sold.Select(line => line.Thing.Category).Where(name => name != "").Distinct().Count(),
            PurchaseMeasure.Stores => sold.Select(line => line.Receipt.Store).Where(name => name != "").Distinct().Count(),
            PurchaseMeasure.Channels => sold.Select(line => line.Receipt.Channel).Where(name => name != "").Distinct().Count(),
            _ when sold.Count == 0 => null,
            PurchaseMeasure.DaysSinceFirst => sold.Max(line => DaysBetween(LocalDate(line.Receipt.At), now)),
            _ => sold.Min(line => DaysBetween(LocalDate(line.Receipt.At), now)),
        };
    }

    private static bool Counts(PurchaseWindow window, DateOnly day, DateOnly today)
    {
        if (day < today.AddDays(-761) || day > today)
            return false;
        if (window.LastDays is { } days)
            return day > today.AddDays(-days);
        return (window.From is null || day >= window.From) && (window.To is null || day <= window.To);
    }

    private static bool Passes(PurchaseFilter where, BoughtOnce receipt, BoughtThing thing)
    {
        var goods = where.Products.Contains(thing.Product)
            || where.Categories.Any(path => $"{thing.Category}/".StartsWith($"{path}/", StringComparison.Ordinal));
        if (where.Products.Count + where.Categories.Count > 0 && !goods)
            return false;
        if (where.Channels.Count > 0 && !where.Channels.Contains(receipt.Channel))
            return false;
        return where.Stores.Count == 0 || where.Stores.Contains(receipt.Store);
    }

    private static int DaysBetween(DateOnly day, DateTimeOffset now) => (LocalDate(now).ToDateTime(default) - day.ToDateTime(default)).Days;

    private static bool Lies(long value, long? least, long? most) => (least is null || value >= least) && (most is null || value <= most);

    private static DateOnly LocalDate(DateTimeOffset moment) => DateOnly.FromDateTime(moment.UtcDateTime + London.GetUtcOffset(moment.UtcDateTime));
}
