using System.Globalization;
using Patron.Segmentation;
using Patron.Segmentation.Rfm;

namespace Patron.Services.Tests.Segmentation;

/// <param name="Minor">Negative for what came back.</param>
internal sealed record BoughtThing(string Product, string Category, long Minor, bool Sold);

internal sealed record BoughtOnce(DateTimeOffset At, string Channel, string Store, IReadOnlyList<BoughtThing> Things)
{
    public bool HasSale => Things.Any(thing => thing.Sold);

    public long Minor => Things.Sum(thing => thing.Minor);
}

/// <param name="Products">Each with its category; none where the behaviour is about no product.</param>
internal sealed record BehavedOnce(DateTimeOffset At, string Type, IReadOnlyList<(string Product, string Category)> Products);

/// <summary>Everything that ever happened to a customer, unsorted and unsummed.</summary>
internal sealed record Story(
    Guid Customer, IReadOnlyList<BoughtOnce> Receipts, string? Tier, IReadOnlySet<string> Tags, IReadOnlySet<(string Channel, string Purpose)> Consents,
    long Points)
{
    /// <summary>By key; birth dates, numbers and texts as people tell them.</summary>
    public IReadOnlyDictionary<string, string> Attributes { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<BehavedOnce> Behaviours { get; init; } = [];
}

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
            case LifecycleIn lifecycle:
                return lifecycle.Stages.Contains(Stage(story, now));
            case RfmIn rfm:
                return Rfm(story, now) is { } scores && (rfm.Names.Count == 0 || rfm.Names.Contains(scores.Name)) && InRange(rfm.Recency, scores.Recency)
                    && InRange(rfm.Frequency, scores.Frequency) && InRange(rfm.Monetary, scores.Monetary);
            case PredictedBetween:
                return false;
            case BehavioursBetween behaviours:
                return Measure(behaviours, story, now) is { } measured && Lies(measured, behaviours.Min, behaviours.Max);
            case AttributeClause attribute:
                return story.Attributes.TryGetValue(attribute.Key, out var told) && Attribute(attribute, told, LocalDate(now));
            case InControlGroup control:
                return new ControlGroup(control.Name).PlaceOf(story.Customer) < (int)(control.Percent * 100);
            default:
                return story.Tags.Contains(((Tagged)clause).Tag);
        }
    }

    private static LifecycleStage Stage(Story story, DateTimeOffset now)
    {
        var days = story.Receipts.Where(receipt => receipt.HasSale).Select(receipt => LocalDate(receipt.At)).Distinct().Order().ToList();
        if (days.Count == 0)
            return LifecycleStage.Prospect;
        var silent = DaysBetween(days[^1], now);
        if (silent > 90)
            return silent > 365 ? LifecycleStage.Lost : silent > 180 ? LifecycleStage.Dormant : LifecycleStage.AtRisk;
        if (days.Count > 1 && days[^1].DayNumber - days[^2].DayNumber > 180)
            return LifecycleStage.WonBack;
        return DaysBetween(days[0], now) <= 30 ? LifecycleStage.New : LifecycleStage.Active;
    }

    /// <summary>By the bounds of <see cref="SegmentWorld.Scores"/>.</summary>
    private static (int Recency, int Frequency, int Monetary, string Name)? Rfm(Story story, DateTimeOffset now)
    {
        if (Day(DayColumn.LastPurchase, story) is not { } last)
            return null;
        var recency = 1 + new[] { 30, 90, 180, 365 }.Count(bound => DaysBetween(last, now) <= bound);
        var frequency = 1 + new[] { 2, 3, 4, 5 }.Count(bound => story.Receipts.Count(receipt => receipt.HasSale) >= bound);
        var monetary = 1 + new[] { 500_00, 1_000_00, 3_000_00, 6_000_00 }.Count(bound => story.Receipts.Sum(receipt => receipt.Minor) >= bound);
        var name = RfmCells.Standard.Select(row => row.Split(' ')).First(row =>
            InRange(row[^3], recency) && InRange(row[^2], frequency) && InRange(row[^1], monetary));
        return (recency, frequency, monetary, string.Join(' ', name[..^3]));
    }

    private static bool InRange(string? range, int score) => range is null || (score >= range[0] - '0' && score <= range[^1] - '0');

    private static bool Attribute(AttributeClause clause, string told, DateOnly today)
    {
        var day = DateOnly.TryParseExact(told, "yyyy-MM-dd", out var date) ? date : (DateOnly?)null;
        switch (clause)
        {
            case AttributeIn one:
                return one.In.Count == 0 || one.In.Any(text => text.Equals(told, StringComparison.OrdinalIgnoreCase));
            case AttributeNumber number:
                return decimal.TryParse(told, CultureInfo.InvariantCulture, out var value) && (number.Min is null || value >= number.Min)
                    && (number.Max is null || value <= number.Max);
            case AttributeDate between:
                return day is not null && (between.From is null || day >= between.From) && (between.To is null || day <= between.To);
            case AttributeDaysSince since:
                return day is { } on && Lies(today.DayNumber - on.DayNumber, since.Min, since.Max);
            case AgeBetween age:
                return day is { } born && born <= today
                    && Lies(Enumerable.Range(1, 200).Count(year => Birthday(born, born.Year + year) <= today), age.Min, age.Max);
            default:
                var birthday = (BirthdayNear)clause;
                if (day is null || birthday.Month is not null)
                    return day?.Month == birthday.Month;
                return Enumerable.Range(0, (birthday.NextDays ?? birthday.LastDays)!.Value + 1)
                    .Select(away => today.AddDays(birthday.NextDays is null ? -away : away)).Any(near => Birthday(day.Value, near.Year) == near);
        }
    }

    private static DateOnly Birthday(DateOnly born, int year) =>
        born is { Month: 2, Day: 29 } && !DateTime.IsLeapYear(year) ? new DateOnly(year, 2, 28) : new DateOnly(year, born.Month, born.Day);

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
            PurchaseMeasure.LargestReceipt =>
                sold.GroupBy(line => line.Receipt, ReferenceEqualityComparer.Instance).Select(receipt => receipt.Sum(line => line.Thing.Minor)).Append(0).Max(),
            PurchaseMeasure.Returns => found.Where(line => !line.Thing.Sold).Select(line => line.Receipt).Distinct(ReferenceEqualityComparer.Instance).Count(),
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

    private static long? Measure(BehavioursBetween clause, Story story, DateTimeOffset now)
    {
        var about = new List<(BehavedOnce Behaviour, string Product, string Category)>();
        foreach (var behaviour in story.Behaviours)
        {
            if (!Counts(clause.Window, LocalDate(behaviour.At), LocalDate(now), 186))
                continue;
            if (clause.Where.Types.Count > 0 && !clause.Where.Types.Contains(behaviour.Type))
                continue;
            foreach (var (product, category) in behaviour.Products.DefaultIfEmpty(("", "")))
            {
                var none = clause.Where.Products.Count + clause.Where.Categories.Count == 0;
                var below = clause.Where.Categories.Any(path => $"{category}/".StartsWith($"{path}/", StringComparison.Ordinal));
                if (none || clause.Where.Products.Contains(product) || below)
                    about.Add((behaviour, product, category));
            }
        }

        return clause.Measure switch
        {
            BehaviourMeasure.Count => about.Select(of => of.Behaviour).Distinct(ReferenceEqualityComparer.Instance).Count(),
            BehaviourMeasure.Days => about.Select(of => LocalDate(of.Behaviour.At)).Distinct().Count(),
            BehaviourMeasure.Products => about.Select(of => of.Product).Where(name => name != "").Distinct().Count(),
            BehaviourMeasure.Categories => about.Select(of => of.Category).Where(name => name != "").Distinct().Count(),
            _ when about.Count == 0 => null,
            BehaviourMeasure.DaysSinceFirst => about.Max(of => DaysBetween(LocalDate(of.Behaviour.At), now)),
            _ => about.Min(of => DaysBetween(LocalDate(of.Behaviour.At), now)),
        };
    }

    private static bool Counts(PurchaseWindow window, DateOnly day, DateOnly today, int kept = 762)
    {
        if (day < today.AddDays(1 - kept) || day > today)
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
