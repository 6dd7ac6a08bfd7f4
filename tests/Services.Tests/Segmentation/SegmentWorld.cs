using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Tagging.V1;
using Patron.Runtime.EventLog;
using Patron.Segmentation;
using Patron.Services.Tests.Tagging;

namespace Patron.Services.Tests.Segmentation;

/// <summary>A fact as it stands in a topic: positions count per topic.</summary>
internal sealed record TopicFact(Source Source, Guid Customer, IMessage Fact, long Position, DateTimeOffset Time)
{
    public Envelope Envelope => Receipt.Context(Customer, Fact, Position, Time).Envelope;

    public ReadOnlyMemory<byte> Value => Fact.ToByteArray();
}

/// <summary>Random customers, the facts that tell of them, and random rules; the same for the same seed.</summary>
internal sealed class SegmentWorld(int seed)
{
    public static readonly string[] Tags = ["consumption/channel/multi-channel", "consumption/basket/big", "consumption/returns/returner", "x/y"];
    private static readonly string?[] Tiers = [null, "member", "silver", "gold", "platinum"];

    private readonly Random random = new(seed);
    private readonly long[] positions = new long[3];

    /// <summary>Customers whose receipts lie within the two years before <paramref name="now"/>, many near the bounds of rules.</summary>
    public List<Story> Customers(int count, DateTimeOffset now) => [.. Enumerable.Range(0, count).Select(_ => new Story(
        Rows.Id(random),
        [.. Enumerable.Range(0, random.Next(5)).Select(_ => new BoughtOnce(Moment(now), Amount(), random.Next(3) == 0 ? random.Next(1, 50_00) : 0))],
        Tiers[random.Next(Tiers.Length)],
        Tags.Where(_ => random.Next(3) == 0).ToHashSet(),
        random.Next(2_000)))];

    /// <summary>The facts of these customers, in the order of their times; positions and times rise.</summary>
    public List<TopicFact> Facts(IReadOnlyList<Story> customers, DateTimeOffset until)
    {
        var told = new List<(DateTimeOffset Time, Source Source, Guid Customer, IMessage Fact)>();
        foreach (var story in customers)
        {
            foreach (var receipt in story.Receipts)
                told.Add((receipt.At, Source.Profile, story.Customer, Purchase(receipt)));
            if (story.Tier is { } tier)
            {
                told.Add((until.AddDays(-400), Source.Loyalty, story.Customer, new TierChanged { To = "silver" }));
                told.Add((until.AddDays(-random.Next(300)), Source.Loyalty, story.Customer, new TierChanged { From = "silver", To = tier }));
            }

            told.Add((until.AddDays(-random.Next(300)), Source.Loyalty, story.Customer, new PointsEarned { Balance = story.Points }));
            foreach (var tag in Tags)
            {
                told.Add((until.AddDays(-20), Source.Tagging, story.Customer, new TagAdded { Tag = tag }));
                if (!story.Tags.Contains(tag))
                    told.Add((until.AddDays(-10), Source.Tagging, story.Customer, new TagRemoved { Tag = tag }));
            }
        }

        return [.. told.OrderBy(fact => fact.Time)
            .Select(fact => new TopicFact(fact.Source, fact.Customer, fact.Fact, ++positions[(int)fact.Source], fact.Time))];
    }

    public Clause Rule(int depth = 3) => random.Next(depth > 0 ? 7 : 4) switch
    {
        0 => Days(),
        1 => Number(),
        2 => new InTier([.. Tiers.OfType<string>().Where(_ => random.Next(2) == 0), "diamond"]),
        3 => new Tagged(Tags[random.Next(Tags.Length)]),
        4 => new NoneOf(Rule(depth - 1)),
        5 => new AllOf([.. Enumerable.Range(0, random.Next(4)).Select(_ => Rule(depth - 1))]),
        _ => new AnyOf([.. Enumerable.Range(0, random.Next(4)).Select(_ => Rule(depth - 1))]),
    };

    private DaysSince Days()
    {
        int[] bounds = [0, 1, 30, 31, 90, 91, 180, 181, 365, 366];
        var (one, other) = (bounds[random.Next(bounds.Length)], bounds[random.Next(bounds.Length)]);
        return new DaysSince(
            (DayColumn)random.Next(2), random.Next(3) == 0 ? null : Math.Min(one, other), random.Next(3) == 0 ? null : Math.Max(one, other));
    }

    private NumberBetween Number()
    {
        var column = (NumberColumn)random.Next(4);
        var most = column switch { NumberColumn.Purchases => 5, NumberColumn.Points => 2_000, _ => 4_000_00 };
        var (one, other) = (random.Next(most), random.Next(most));
        return new NumberBetween(column, random.Next(3) == 0 ? null : Math.Min(one, other), random.Next(3) == 0 ? null : Math.Max(one, other));
    }

    private DateTimeOffset Moment(DateTimeOffset now)
    {
        int[] bounds = [0, 30, 31, 90, 91, 180, 181, 365, 366, 367];
        var days = random.Next(2) == 0 ? bounds[random.Next(bounds.Length)] : random.Next(730);
        return now.AddDays(-days).AddMinutes(-random.Next(1440));
    }

    // Some without any sold line: returns alone.
    private long Amount() => random.Next(6) == 0 ? 0 : random.Next(1, 1_500_00);

    private static Contracts.Profile.V1.PurchaseRecorded Purchase(BoughtOnce receipt)
    {
        var lines = new List<Line> { Receipt.Fee(9_000_00) };
        if (receipt.Sold > 0)
            lines.Add(Receipt.Sale(receipt.Sold));
        if (receipt.Returned > 0)
            lines.Add(Receipt.Return(-receipt.Returned));
        return Receipt.Of(receipt.At, Channel.Pos, lines);
    }
}
