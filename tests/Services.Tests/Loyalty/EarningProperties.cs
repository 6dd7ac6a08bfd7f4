using System.Globalization;
using NUnit.Framework;
using Patron.Loyalty;

namespace Patron.Services.Tests.Loyalty;

/// <summary>Random programmes and random purchases, booked in any order, compared with <see cref="ReferenceEarning"/>. A failure names its seed.</summary>
internal sealed class EarningProperties
{
    private const int Programmes = 4_000;
    private const int PurchasesEach = 6;

    private static readonly string[] Categories = ["women", "women/shoes", "women/shoes/boots", "womenswear", "home"];
    private static readonly string[] Brands = ["acme", "bolt"];
    private static readonly string[] Products = ["MUG", "LAMP", "TEA", "BOOT"];
    private static readonly string[] Stores = ["s1", "s2"];

    [Test]
    public void Random_purchases_under_random_programmes_earn_what_brute_force_says()
    {
        var seen = new Dictionary<string, int>();
        for (var seed = 1; seed <= Programmes; seed++)
        {
            var random = new Random(seed);
            var text = Document(random);
            var programme = ProgrammeReader.TryRead(text, out var faults);
            Assert.That(programme, Is.Not.Null, $"Seed {seed}: {string.Join("; ", faults)}\n{text}");
            var reference = new ReferenceEarning(programme!, zoneHours: 8);
            IReadOnlyList<CapUse> used = [];
            for (var number = 1; number <= PurchasesEach; number++)
            {
                var purchase = Purchase(random, number);
                var tier = random.Next(4) == 0 ? "gold" : "member";
                var earned = EarnPoints.Of(programme!, purchase, tier, used);
                used = CapUse.Add(used, earned.Counted);
                var expected = reference.Buy(purchase, tier);
                var about = $"Seed {seed}, purchase {number}: {purchase} {string.Join(", ", purchase.Sales)} as {tier}\n{text}";
                Assert.That(earned.Given.Select(rule => (rule.Rule, rule.Points)), Is.EqualTo(expected.Given), about);
                Assert.That(earned.Lines, Is.EqualTo(expected.Lines), about);
                Assert.That((earned.Points, earned.Cut), Is.EqualTo((expected.Points, expected.Cut)), about);
                Count(seen, earned, programme!, expected.Given.Count);
            }
        }

        TestContext.Out.WriteLine(string.Join(", ", seen.OrderBy(kind => kind.Key)));
        foreach (var kind in new[] { "nothing", "by a rule", "by two rules", "cut by a cap", "counted", "best", "add", "multiply" })
            Assert.That(seen.GetValueOrDefault(kind), Is.GreaterThan(1_000), $"purchases that would prove nothing: {kind}");
    }

    [Test]
    public void A_purchase_of_any_booking_order_never_earns_more_than_its_cap_leaves()
    {
        var programme = ProgrammeReader.Read(
            """
            { "version": 1, "zone": "Asia/Shanghai", "cutOff": "00:00", "earnRates": [{ "currency": "GBP", "minorPerPoint": 100 }], "expiryMonths": 12,
              "tierCurrency": "GBP", "tierWindowMonths": 12, "tierReviewMonths": 12, "tiers": [{ "name": "member" }],
              "caps": { "perDay": 50, "perMonth": 120 } }
            """);
        for (var seed = 1; seed <= 500; seed++)
        {
            var random = new Random(seed);
            var days = Enumerable.Range(0, 40).Select(_ => new DateTimeOffset(2026, 11, random.Next(1, 31), 4, 0, 0, TimeSpan.Zero)).ToList();
            var story = LedgerStories.Nobody;
            foreach (var (number, at) in days.Index())
            {
                var line = LedgerStories.Line("MUG", 1, random.Next(4_000));
                story = story.After(LedgerStories.Record(new(LedgerStories.Receipt(number), at, "GBP", [line], []), programme));
            }

            var earned = story.History.OfType<PointsEarned>().ToList();
            Assert.That(earned.GroupBy(one => one.OccurredAt.Day).Select(day => day.Sum(one => one.Points)), Is.All.LessThanOrEqualTo(50), $"Seed {seed}");
            Assert.That(earned.Sum(one => one.Points), Is.EqualTo(120), $"Seed {seed}: what is booked first has the room, whatever its day");
            var full = earned.FindIndex(one => earned.TakeWhile(other => other != one).Append(one).Sum(other => other.Points) == 120);
            Assert.That(earned.Skip(full + 1).Sum(one => one.Points), Is.Zero, $"Seed {seed}");
        }
    }

    private static void Count(Dictionary<string, int> seen, Earned earned, Programme programme, int rules)
    {
        foreach (var kind in new[]
                 {
                     earned.Points == 0 ? "nothing" : "something", rules > 0 ? "by a rule" : "by none", rules > 1 ? "by two rules" : "by one",
                     earned.Cut > 0 ? "cut by a cap" : "whole", earned.Counted.Count > 0 ? "counted" : "not counted",
                     rules > 0 ? programme.Stacking.ToString().ToLowerInvariant() : "no stacking",
                 })
        {
            seen[kind] = seen.GetValueOrDefault(kind) + 1;
        }
    }

    private static Purchase Purchase(Random random, int number)
    {
        var days = random.Next(0, 4) == 0 ? 60 : 2;
        var at = new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(random.Next(days * 24 * 60));
        var lines = Enumerable.Range(0, random.Next(1, 5)).Select(_ => new PurchaseLine(
            Pick(random, Products), random.Next(1, 5), random.Next(6) == 0 ? 0 : random.Next(5_000), random.Next(4) == 0 ? null : Pick(random, Categories),
            random.Next(3) == 0 ? null : Pick(random, Brands)));
        return new(LedgerStories.Receipt(number), at, random.Next(20) == 0 ? "EUR" : "GBP", [.. lines], [])
        {
            Channel = Pick(random, "pos", "eshop", null), Store = Pick(random, "s1", "s2", null),
        };
    }

    private static string Document(Random random)
    {
        var rules = Enumerable.Range(0, random.Next(5))
            .Select(number => $$"""{ "id": "r{{number}}", {{Gift(random)}}, "when": {{When(random)}} {{Caps(random, 3)}} }""");
        return $$"""
            { "version": 1, "zone": "Asia/Shanghai", "cutOff": "00:00",
              "earnRates": [{ "currency": "GBP", "minorPerPoint": {{Pick(random, 1, 30, 100)}}, "minimumMinor": {{Pick(random, 0, 0, 2_000)}} }],
              "rounding": "{{Pick(random, "down", "nearest", "up")}}", "stacking": "{{Pick(random, "best", "add", "multiply")}}",
              "rules": [{{string.Join(",\n", rules)}}], "exclusions": {{(random.Next(3) == 0 ? Goods(random) : "{}")}},
              "expiryMonths": 12, "tierCurrency": "GBP", "tierWindowMonths": 12, "tierReviewMonths": 12,
              "tiers": [{ "name": "member" }, { "name": "gold", "fromMinor": 50000, "multiplierPercent": {{Pick(random, 90, 125, 333)}} }]
              {{Caps(random, 2)}} }
            """;
    }

    private static string Gift(Random random) => random.Next(4) switch
    {
        0 => $"\"bonusPoints\": {random.Next(1, 40)}",
        1 => $"\"bonusPointsPerPiece\": {random.Next(1, 10)}",
        _ => $"\"multiplierPercent\": {Pick(random, 101, 150, 200, 733, 10_000)}",
    };

    private static string When(Random random)
    {
        var parts = new List<string>();
        Maybe(3, () => Goods(random).Trim('{', '}', ' '));
        Maybe(6, () => $"\"except\": {Goods(random)}");
        Maybe(8, () => $"\"channels\": [\"{Pick(random, "pos", "eshop")}\"]");
        Maybe(8, () => $"\"stores\": [\"{Pick(random, Stores)}\"]");
        Maybe(8, () => $"\"tiers\": [\"{Pick(random, "member", "gold")}\"]");
        Maybe(8, () => $"\"weekdays\": [\"{Pick(random, "sunday", "monday", "tuesday")}\", \"saturday\"]");
        Maybe(6, () => random.Next(2) == 0
            ? """ "hours": { "from": "22:00", "to": "03:00" } """
            : $$""" "hours": { "from": "{{random.Next(12):00}}:30", "to": "{{random.Next(12, 24):00}}:15" } """);
        Maybe(8, () => $"\"from\": \"2026-11-0{random.Next(1, 4)}\"");
        Maybe(8, () => $"\"until\": \"2026-11-0{random.Next(4, 9)}\"");
        Maybe(5, () => string.Create(CultureInfo.InvariantCulture, $"\"minimumSpendMinor\": {random.Next(6_000)}"));
        return $"{{ {string.Join(", ", parts.Where(part => part.Length > 0))} }}";

        void Maybe(int oneIn, Func<string> part)
        {
            if (random.Next(oneIn) == 0)
                parts.Add(part());
        }
    }

    private static string Goods(Random random) => random.Next(3) switch
    {
        0 => $"{{ \"categories\": [\"{Pick(random, Categories)}\"] }}",
        1 => $"{{ \"brands\": [\"{Pick(random, Brands)}\"], \"products\": [\"{Pick(random, Products)}\"] }}",
        _ => $"{{ \"products\": [\"{Pick(random, Products)}\"] }}",
    };

    private static string Caps(Random random, int oneIn)
    {
        if (random.Next(oneIn) > 0)
            return "";
        var caps = new List<string>();
        foreach (var cap in new[] { "perPurchase", "perDay", "perMonth" })
        {
            if (random.Next(2) == 0)
                caps.Add($"\"{cap}\": {random.Next(1, 80)}");
        }

        return $", \"caps\": {{ {string.Join(", ", caps)} }}";
    }

    private static T Pick<T>(Random random, params T[] from) => from[random.Next(from.Length)];
}
