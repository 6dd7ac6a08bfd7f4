using Patron.Segmentation;

namespace Patron.Services.Tests.Segmentation;

/// <summary>Random rules whose bounds lie where customers of <see cref="SegmentWorld"/> do; the same for the same seed.</summary>
/// <param name="today">The day of evaluation.</param>
internal sealed class RandomRules(int seed, DateOnly today)
{
    private readonly Random random = new(seed);

    /// <param name="segments">Those that the rule may name.</param>
    public Clause Next(IReadOnlyList<string> segments, int depth = 3) => random.Next(depth > 0 ? 13 : 10) switch
    {
        0 => Days(),
        1 => Number(),
        2 => new InTier([.. SegmentWorld.Tiers.Where(_ => random.Next(2) == 0), "diamond"]),
        3 => new Tagged(SegmentWorld.Tags[random.Next(SegmentWorld.Tags.Length)]),
        4 => Consent(),
        5 => Dates(),
        6 when segments.Count > 0 => new InSegment(segments[random.Next(segments.Count)]),
        6 or 7 or 8 => Purchases(),
        9 => new InControlGroup($"split-{random.Next(3)}", random.Next(1, 10_000) / 100m),
        10 => new NoneOf(Next(segments, depth - 1)),
        11 => new AllOf([.. Enumerable.Range(0, random.Next(4)).Select(_ => Next(segments, depth - 1))]),
        _ => new AnyOf([.. Enumerable.Range(0, random.Next(4)).Select(_ => Next(segments, depth - 1))]),
    };

    public PurchasesBetween Purchases()
    {
        var measure = (PurchaseMeasure)random.Next(9);
        var most = measure switch
        {
            PurchaseMeasure.Spend => 1_500_00,
            PurchaseMeasure.DaysSinceFirst or PurchaseMeasure.DaysSinceLast => 400,
            _ => 4,
        };
        var (min, max) = Bounds(most);
        var where = new PurchaseFilter(
            Some([.. SegmentWorld.Products, "UNKNOWN"]), Some([.. SegmentWorld.Categories, "women/s"]), Some(["pos", "eshop"]), Some(SegmentWorld.Stores));
        return new(measure, min, max, random.Next(4) == 0 ? PurchaseFilter.Any : where, Window());
    }

    private PurchaseWindow Window()
    {
        int[] days = [1, 30, 31, 90, 91, 365, 366, 762];
        if (random.Next(3) > 0)
            return PurchaseWindow.Last(days[random.Next(days.Length)]);
        var from = today.AddDays(-random.Next(762));
        return new(null, from, random.Next(3) == 0 ? null : from.AddDays(random.Next(400)));
    }

    private List<string> Some(string[] names) =>
        random.Next(3) > 0 ? [] : [.. names.Where(name => name != "" && random.Next(3) == 0).DefaultIfEmpty(names[0])];

    private DaysSince Days()
    {
        int[] bounds = [0, 1, 30, 31, 90, 91, 180, 181, 365, 366];
        var (one, other) = (bounds[random.Next(bounds.Length)], bounds[random.Next(bounds.Length)]);
        return new DaysSince(
            (DayColumn)random.Next(2), random.Next(3) == 0 ? null : Math.Min(one, other), random.Next(3) == 0 ? null : Math.Max(one, other));
    }

    private DateBetween Dates()
    {
        var from = today.AddDays(-random.Next(800));
        return new DateBetween((DayColumn)random.Next(2), random.Next(3) == 0 ? null : from, random.Next(3) == 0 ? null : from.AddDays(random.Next(300)));
    }

    private Consented Consent()
    {
        var (channel, purpose) = SegmentWorld.Consents[random.Next(SegmentWorld.Consents.Length)];
        return new(channel, purpose);
    }

    private NumberBetween Number()
    {
        var column = (NumberColumn)random.Next(4);
        var (min, max) = Bounds(column switch { NumberColumn.Purchases => 5, NumberColumn.Points => 2_000, _ => 3_000_00 });
        return new NumberBetween(column, min, max);
    }

    private (long? Min, long? Max) Bounds(int most)
    {
        var (one, other) = (random.Next(most), random.Next(most));
        return (random.Next(3) == 0 ? null : Math.Min(one, other), random.Next(3) == 0 ? null : Math.Max(one, other));
    }
}
