using Patron.Segmentation;
using Patron.Segmentation.Rfm;

namespace Patron.Services.Tests.Segmentation;

/// <summary>Random rules whose bounds lie where customers of <see cref="SegmentWorld"/> do; the same for the same seed.</summary>
/// <param name="today">The day of evaluation.</param>
internal sealed class RandomRules(int seed, DateOnly today)
{
    private readonly Random random = new(seed);

    /// <param name="segments">Those that the rule may name.</param>
    public Clause Next(IReadOnlyList<string> segments, int depth = 3) => random.Next(depth > 0 ? 20 : 17) switch
    {
        0 => Days(),
        1 => Number(),
        2 => new InTier([.. SegmentWorld.Tiers.Where(_ => random.Next(2) == 0), "diamond"]),
        3 => new Tagged(SegmentWorld.Tags[random.Next(SegmentWorld.Tags.Length)]),
        4 => Consent(),
        5 => Dates(),
        6 when segments.Count > 0 => new InSegment(segments[random.Next(segments.Count)]),
        6 or 7 or 8 => Purchases(),
        9 or 10 or 11 => Attribute(),
        12 or 13 => Behaviours(),
        14 => new LifecycleIn([.. Enum.GetValues<LifecycleStage>().Where(_ => random.Next(3) == 0)]),
        15 => new RfmIn(Some(["champions", "new", "at risk", "can't lose", "lost"]), Scores(), Scores(), Scores()),
        16 => new InControlGroup($"split-{random.Next(3)}", random.Next(1, 10_000) / 100m),
        17 => new NoneOf(Next(segments, depth - 1)),
        18 => new AllOf([.. Enumerable.Range(0, random.Next(4)).Select(_ => Next(segments, depth - 1))]),
        _ => new AnyOf([.. Enumerable.Range(0, random.Next(4)).Select(_ => Next(segments, depth - 1))]),
    };

    public AttributeClause Attribute()
    {
        var (key, texts) = SegmentWorld.Attributes[random.Next(SegmentWorld.Attributes.Length)];
        int? Some(int most) => random.Next(3) == 0 ? null : random.Next(most);
        switch (random.Next(6))
        {
            case 0:
                return new AttributeIn(key, random.Next(4) == 0 ? [] : [.. texts.Where(_ => random.Next(2) == 0).DefaultIfEmpty("LONDON")]);
            case 1:
                var (least, most) = Bounds(50);
                return new AttributeNumber(key, least, most);
            case 2:
                var from = new DateOnly(1960, 1, 1).AddDays(random.Next(20_000));
                return new AttributeDate(key, random.Next(3) == 0 ? null : from, random.Next(3) == 0 ? null : from.AddDays(random.Next(9_000)));
            case 3:
                var (min, max) = Bounds(60 * 365);
                return new AttributeDaysSince(key, (int?)min, (int?)max);
            case 4:
                var (youngest, oldest) = Bounds(60);
                return new AgeBetween((int?)youngest, (int?)oldest);
            default:
                return random.Next(3) switch
                {
                    0 => new BirthdayNear(Some(367) ?? 30, null, null),
                    1 => new BirthdayNear(null, Some(367) ?? 30, null),
                    _ => new BirthdayNear(null, null, random.Next(1, 13)),
                };
        }
    }

    public PurchasesBetween Purchases()
    {
        var measure = (PurchaseMeasure)random.Next(Enum.GetValues<PurchaseMeasure>().Length);
        var most = measure switch
        {
            PurchaseMeasure.Spend or PurchaseMeasure.LargestReceipt => 1_500_00,
            PurchaseMeasure.DaysSinceFirst or PurchaseMeasure.DaysSinceLast => 400,
            _ => 4,
        };
        var (min, max) = Bounds(most);
        var where = new PurchaseFilter(
            Some([.. SegmentWorld.Products, "UNKNOWN"]), Some([.. SegmentWorld.Categories, "women/s"]), Some(["pos", "eshop"]), Some(SegmentWorld.Stores));
        return new(measure, min, max, random.Next(4) == 0 ? PurchaseFilter.Any : where, Window());
    }

    private string? Scores()
    {
        var (one, other) = (random.Next(1, 6), random.Next(1, 6));
        return random.Next(2) == 0 ? null : one == other ? $"{one}" : $"{Math.Min(one, other)}-{Math.Max(one, other)}";
    }

    private BehavioursBetween Behaviours()
    {
        var measure = (BehaviourMeasure)random.Next(6);
        var (min, max) = Bounds(measure is BehaviourMeasure.DaysSinceFirst or BehaviourMeasure.DaysSinceLast ? 200 : 4);
        return new(measure, min, max, new(Some(SegmentWorld.Types), Some(SegmentWorld.Products), Some(SegmentWorld.Categories)), Window(186));
    }

    private PurchaseWindow Window(int most = 762)
    {
        int[] days = [.. new[] { 1, 30, 31, 90, 91, 186, 365, 366, 762 }.Where(some => some <= most)];
        if (random.Next(3) > 0)
            return PurchaseWindow.Last(days[random.Next(days.Length)]);
        var from = today.AddDays(-random.Next(most));
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
