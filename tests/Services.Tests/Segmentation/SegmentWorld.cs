using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Profile.V1;
using Patron.Contracts.Tagging.V1;
using Patron.Runtime.EventLog;
using Patron.Segmentation;
using Patron.Segmentation.Rfm;
using Patron.Services.Tests.Tagging;

namespace Patron.Services.Tests.Segmentation;

/// <summary>A fact as it stands in a topic: positions count per topic.</summary>
internal sealed record TopicFact(Source Source, Guid Customer, IMessage Fact, long Position, DateTimeOffset Time)
{
    public Envelope Envelope => Receipt.Context(Customer, Fact, Position, Time).Envelope;

    public ReadOnlyMemory<byte> Value => Fact.ToByteArray();
}

/// <summary>Random customers and the facts that tell of them; the same for the same seed.</summary>
internal sealed class SegmentWorld(int seed)
{
    public static readonly string[] Tags = ["consumption/channel/multi-channel", "consumption/basket/big", "consumption/returns/returner", "x/y"];
    public static readonly string[] Tiers = ["member", "silver", "gold", "platinum"];
    public static readonly string[] Products = ["BOOT", "SANDAL", "SHIRT", "MUG", "CARD", ""];
    public static readonly string[] Categories = ["women/shoes/boots", "women/shoes", "women", "women/shoestrings", "home", ""];
    public static readonly string[] Stores = ["london-1", "leeds", ""];
    public static readonly (string Channel, string Purpose)[] Consents = [("email", "marketing"), ("sms", "marketing"), ("email", "service")];
    public static readonly ScoreVersion Scores = new(
        1, new DateOnly(2011, 1, 1), 100, new Cuts(30, 90, 180, 365), new Cuts(2, 3, 4, 5), new Cuts(500_00, 1_000_00, 3_000_00, 6_000_00), 0,
        RfmCells.Standard, null, null, null);

    public static Scoring Scored()
    {
        var scoring = Scoring.Standard;
        scoring.InForce = Scores;
        return scoring;
    }

    public static readonly string[] Types = ["Product Viewed", "Product Added", "Page Viewed"];

    public static readonly (string Key, string[] Values)[] Attributes =
    [
        ("birth_date", ["1988-02-29", "1990-12-09", "1990-12-10", "1951-01-01", "2011-12-10", "1879-03-14"]), ("city", ["London", "leeds", "香港"]),
        ("shoe_size", ["38.5", "42", "-3", "0"]), ("number_or_not", ["7", "7.125", "seven", "2001-01-01"]), ("wedding_day", ["2010-12-09", "2012-01-05"]),
        ("postal_code", ["02139", "28013"]),
    ];

    private static readonly string[] Channels = ["pos", "eshop", ""];

    private readonly Random random = new(seed);
    private readonly Random randomAttributes = new(seed);
    private readonly long[] positions = new long[3];

    /// <summary>Customers whose receipts lie within the two and a half years before <paramref name="now"/>, many near the bounds of rules.</summary>
    public List<Story> Customers(int count, DateTimeOffset now) => [.. Enumerable.Range(0, count).Select(_ => new Story(
        Rows.Id(random),
        [.. Enumerable.Range(0, random.Next(5)).Select(_ => new BoughtOnce(Moment(now), Any(Channels), Any(Stores), Things()))],
        random.Next(5) == 0 ? null : Any(Tiers),
        Tags.Where(_ => random.Next(3) == 0).ToHashSet(),
        Consents.Where(_ => random.Next(2) == 0).ToHashSet(),
        random.Next(2_000)) { Attributes = Told(), Behaviours = Behaved(now) })];

    /// <summary>The facts of these customers, in the order of their times; positions and times rise. Some receipts are told late.</summary>
    public List<TopicFact> Facts(IReadOnlyList<Story> customers, DateTimeOffset until)
    {
        var told = new List<(DateTimeOffset Time, Source Source, Guid Customer, IMessage Fact)>();
        foreach (var story in customers)
        {
            foreach (var receipt in story.Receipts)
            {
                var late = random.Next(5) == 0 ? TimeSpan.FromHours(random.Next(1_000)) : TimeSpan.Zero;
                told.Add((receipt.At + late < until ? receipt.At + late : until, Source.Profile, story.Customer, Purchase(receipt)));
            }

            foreach (var behaviour in story.Behaviours)
            {
                var late = randomAttributes.Next(5) == 0 ? TimeSpan.FromHours(randomAttributes.Next(1_000)) : TimeSpan.Zero;
                told.Add((behaviour.At + late < until ? behaviour.At + late : until, Source.Profile, story.Customer, Behaviour(behaviour)));
            }

            foreach (var (channel, purpose) in Consents)
            {
                told.Add((until.AddDays(-30), Source.Profile, story.Customer, Consent(channel, purpose, ConsentState.Granted)));
                if (!story.Consents.Contains((channel, purpose)))
                    told.Add((until.AddDays(-25), Source.Profile, story.Customer, Consent(channel, purpose, ConsentState.Withdrawn)));
            }

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

    private List<BehavedOnce> Behaved(DateTimeOffset now)
    {
        int[] bounds = [0, 1, 7, 30, 31, 90, 91, 185, 186, 187];
        var behaviours = new List<BehavedOnce>();
        for (var left = randomAttributes.Next(8); left > 0; left--)
        {
            var days = randomAttributes.Next(2) == 0 ? bounds[randomAttributes.Next(bounds.Length)] : randomAttributes.Next(250);
            var places = Enumerable.Range(0, randomAttributes.Next(3)).Select(_ => randomAttributes.Next(Products.Length - 1)).Distinct();
            behaviours.Add(new(
                now.AddDays(-days).AddMinutes(-randomAttributes.Next(1440)), Types[randomAttributes.Next(Types.Length)],
                [.. places.Select(place => (Products[place], Categories[place]))]));
        }

        return behaviours;
    }

    // One product is named by the touchpoint's properties, several by the catalogue.
    private static BehaviourRecorded Behaviour(BehavedOnce behaviour)
    {
        var fact = new BehaviourRecorded { Type = behaviour.Type, OccurredAt = Timestamp.FromDateTimeOffset(behaviour.At) };
        if (behaviour.Products is [var (product, category)])
            fact.Properties.Add(new Dictionary<string, string> { ["product_id"] = product, ["category"] = category });
        else
            fact.Products.AddRange(behaviour.Products.Select(known => new ProductAtTheTime { Product = known.Product, Category = known.Category }));
        return fact;
    }

    private Dictionary<string, string> Told() => Attributes.Where(_ => randomAttributes.Next(4) > 0).ToDictionary(of => of.Key, of =>
        of.Key == "birth_date" && randomAttributes.Next(2) == 0
            ? new DateOnly(1940, 1, 1).AddDays(randomAttributes.Next(25_000)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
            : of.Values[randomAttributes.Next(of.Values.Length)]);

    private T Any<T>(T[] choices) => choices[random.Next(choices.Length)];

    private DateTimeOffset Moment(DateTimeOffset now)
    {
        int[] bounds = [0, 1, 7, 30, 31, 90, 91, 180, 181, 365, 366, 367, 761, 762];
        var days = random.Next(2) == 0 ? Any(bounds) : random.Next(900);
        return now.AddDays(-days).AddMinutes(-random.Next(1440));
    }

    // Some without any sold line: returns alone. Some amounts are more than four bytes hold.
    private List<BoughtThing> Things()
    {
        var things = new List<BoughtThing>();
        for (var sold = random.Next(5); sold > 0; sold--)
            things.Add(Thing(random.Next(50) == 0 ? 30_000_000_00 : random.Next(1, 2_500_00), sold: true));
        if (things.Count == 0 || random.Next(3) == 0)
            things.Insert(random.Next(things.Count + 1), Thing(-random.Next(1, 50_00), sold: false));
        return things;
    }

    // A product is of one category, as the catalogue has it.
    private BoughtThing Thing(long minor, bool sold)
    {
        var which = random.Next(Products.Length);
        return new(Products[which], Products[which] == "" ? "" : Categories[which], minor, sold);
    }

    private static ConsentChanged Consent(string channel, string purpose, ConsentState state) =>
        new() { Channel = channel, Purpose = purpose, State = state };

    private static Contracts.Profile.V1.PurchaseRecorded Purchase(BoughtOnce receipt)
    {
        var lines = new List<Line> { Receipt.Fee(9_000_00) };
        lines.AddRange(receipt.Things.Select(thing => new Line
        {
            Product = thing.Product,
            Kind = thing.Sold ? LineKind.Sale : LineKind.Return,
            Quantity = 1,
            AmountMinor = thing.Minor,
        }));
        var channel = receipt.Channel switch { "pos" => Channel.Pos, "eshop" => Channel.Eshop, _ => Channel.Unspecified };
        var fact = Receipt.Of(receipt.At, channel, lines);
        fact.Store = receipt.Store;
        fact.Products.AddRange(receipt.Things.Where(thing => thing.Category != "").DistinctBy(thing => thing.Product)
            .Select(thing => new ProductAtTheTime { Product = thing.Product, Category = thing.Category }));
        return fact;
    }
}
