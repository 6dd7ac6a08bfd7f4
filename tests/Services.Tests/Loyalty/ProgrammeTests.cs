using System.Text.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Loyalty;
using static Patron.Services.Tests.Loyalty.LedgerStories;

namespace Patron.Services.Tests.Loyalty;

internal sealed class ProgrammeTests
{
    private const string Everything =
        """
        { "$schema": "/v1/loyalty/programme/schema", "version": 3, "zone": "Europe/London", "cutOff": "03:30",
          "earnRates": [{ "currency": "GBP", "minorPerPoint": 100, "minimumMinor": 500 }, { "currency": "EUR", "minorPerPoint": 120 }],
          "rounding": "nearest", "stacking": "multiply",
          "rules": [
            { "id": "double-shoes", "names": { "en": "Double points", "zh-Hans": "双倍积分", "zh-Hant": "雙倍積分" }, "multiplierPercent": 200,
              "when": { "categories": ["women/shoes"], "brands": ["acme"], "products": ["BOOT"], "except": { "products": ["LACE"] }, "channels": ["eshop"],
                "stores": ["s1"], "weekdays": ["saturday"], "hours": { "from": "22:00", "to": "02:00" }, "tiers": ["gold"], "from": "2026-12-01",
                "until": "2026-12-24", "currency": "GBP", "minimumSpendMinor": 2000 },
              "caps": { "perPurchase": 100, "perDay": 200, "perMonth": 300 } },
            { "id": "welcome", "bonusPoints": 50 }, { "id": "per-piece", "bonusPointsPerPiece": 2 }],
          "exclusions": { "categories": ["gift-cards"] }, "caps": { "perDay": 1000 }, "expiryMonths": 18, "tierCurrency": "GBP", "tierWindowMonths": 12,
          "tierReviewMonths": 12, "tierScheme": "all", "tierGraceDays": 30, "tierReminderDays": 14, "returnWindowDays": 14, "refundGraceDays": 7,
          "birthdayPoints": 100,
          "tiers": [{ "name": "member", "names": { "en": "Member" } },
            { "name": "gold", "fromMinor": 50000, "fromPoints": 400, "fromVisits": 3, "multiplierPercent": 150, "birthdayPoints": 500,
              "benefits": ["free-delivery"] }],
          "benefits": [{ "code": "free-delivery", "names": { "en": "Free delivery" } }] }
        """;

    [Test]
    public void The_programme_that_ships_is_right_and_gives_a_point_per_pound()
    {
        Assert.That((Demo.Version, Demo.EarnRates.Single(), Demo.Rules.Count), Is.EqualTo((1, new EarnRate("GBP", 100), 0)));
        (string, long, int)[] tiers = [("member", 0, 100), ("silver", 50_000, 110), ("gold", 200_000, 125), ("platinum", 1_000_000, 150)];
        Assert.That(Demo.Tiers.Select(tier => (tier.Name, tier.FromMinor ?? 0, tier.MultiplierPercent)), Is.EqualTo(tiers));
    }

    [Test]
    public void A_document_that_uses_everything_is_read_and_told_in_sentences()
    {
        var programme = ProgrammeReader.TryRead(Everything, out var faults);
        Assert.That(faults, Is.Empty);
        var told = ProgrammeSummary.Of(programme!);
        Assert.That(told, Is.EqualTo(new[]
        {
            "A purchase from 5.00 GBP on earns 1 point for 1.00 GBP, rounded to the nearest once for the purchase.",
            "A purchase earns 1 point for 1.20 EUR, rounded to the nearest once for the purchase.",
            "double-shoes: points times 2 (where several rules meet, they multiply each other), on category women/shoes or brand acme or product BOOT, "
            + "but not on product LACE, from 20.00 GBP of these goods on, through eshop, in store s1, for gold, on a Saturday, from 22:00 to 02:00, "
            + "from 2026-12-01, until 2026-12-24 inclusive; at most 100 points a purchase and 200 points a member's day and 300 points a member's month.",
            "welcome: 50 points more for the purchase.",
            "per-piece: 2 points more for each piece.",
            "Earn nothing: category gift-cards.",
            "Altogether at most 1,000 points a member's day.",
            "Points are good for the day of the purchase and 18 months more, until 03:30 in Europe/London.",
            "On a birthday a member is given 100 points.",
            "On a birthday a member of gold is given 500 points instead.",
            "gold needs 500.00 GBP spent and 400 points and 3 visits in the current month and the 12 before it; its members' points are multiplied by 1.5, "
            + "and gives free-delivery.",
            "A tier rises at once and is reviewed 12 months after it was reached, with 30 days of grace.",
        }), string.Join('\n', told));
    }

    [TestCase("version", "0", "/version", "whole number from 1")]
    [TestCase("version", "\"one\"", "/version", "whole number")]
    [TestCase("zone", "\"Mars/Olympus\"", "/zone", "IANA")]
    [TestCase("cutOff", "\"24:00\"", "/cutOff", "time of day")]
    [TestCase("earnRates", "null", "/earnRates", "missing")]
    [TestCase("earnRates", """[{ "currency": "pounds", "minorPerPoint": 100 }]""", "/earnRates/0/currency", "ISO 4217")]
    [TestCase("earnRates", """[{ "currency": "GBP", "minorPerPoint": 0.5 }]""", "/earnRates/0/minorPerPoint", "whole number from 1")]
    [TestCase("earnRates", """[{ "currency": "GBP", "minorPerPoint": 1 }, { "currency": "GBP", "minorPerPoint": 2 }]""", "/earnRates/1/currency", "already")]
    [TestCase("rounding", "\"sometimes\"", "/rounding", "down, nearest, up")]
    [TestCase("rules", """[{ "id": "a", "multiplierPercent": 100 }]""", "/rules/0/multiplierPercent", "from 101")]
    [TestCase("rules", """[{ "id": "a" }]""", "/rules/0/multiplierPercent", "exactly one of")]
    [TestCase("rules", """[{ "id": "a", "multiplierPercent": 200, "bonusPoints": 5 }]""", "/rules/0/multiplierPercent", "exactly one of")]
    [TestCase("rules", """[{ "id": "Double shoes!", "bonusPoints": 5 }]""", "/rules/0/id", "code")]
    [TestCase("rules", """[{ "id": "a", "bonusPoints": 5, "when": { "tiers": ["gold", "diamond"] } }]""", "/rules/0/when/tiers/1", "no tier 'diamond'")]
    [TestCase("rules", """[{ "id": "a", "bonusPoints": 5, "when": { "categorys": ["x"] } }]""", "/rules/0/when/categorys", "use one of")]
    [TestCase("rules", """[{ "id": "a", "bonusPoints": 5, "when": { "weekdays": ["caturday"] } }]""", "/rules/0/when/weekdays/0", "saturday")]
    [TestCase("rules", """[{ "id": "a", "bonusPoints": 5, "when": { "from": "2026-12-24", "until": "2026-12-01" } }]""", "/rules/0/when/until", "before")]
    [TestCase("rules", """[{ "id": "a", "bonusPoints": 5, "when": { "currency": "CHF" } }]""", "/rules/0/when/currency", "earnRates")]
    [TestCase("rules", """[{ "id": "a", "bonusPoints": 5, "when": { "minimumSpendMinor": 5 } }]""", "/rules/0/when/minimumSpendMinor", "which of them")]
    [TestCase("rules", """[{ "id": "a", "bonusPoints": 5 }, { "id": "a", "bonusPoints": 6 }]""", "/rules/1/id", "differ")]
    [TestCase("rules", "{}", "/rules", "square brackets")]
    [TestCase("caps", """{ "perDay": -1 }""", "/caps/perDay", "from 1")]
    [TestCase("expiryMonths", "121", "/expiryMonths", "1 to 120")]
    [TestCase("tierWindowMonths", "25", "/tierWindowMonths", "1 to 24")]
    [TestCase("tiers", "[]", "/tiers", "at least one")]
    [TestCase("tiers", """[{ "name": "gold", "fromMinor": 5 }]""", "/tiers/0", "starts at 0")]
    [TestCase("tiers", """[{ "name": "a" }, { "name": "b", "fromMinor": 5 }, { "name": "c", "fromMinor": 5 }]""", "/tiers/2/fromMinor", "ascend")]
    [TestCase("tiers", """[{ "name": "a" }, { "name": "b", "fromMinor": 5 }, { "name": "c", "fromVisits": 5 }]""", "/tiers/2", "same measures")]
    [TestCase("tiers", """[{ "name": "a" }, { "name": "a", "fromMinor": 5 }]""", "/tiers/1/name", "differ")]
    [TestCase("tiers", """[{ "name": "a" }, { "name": "b" }]""", "/tiers/1", "at least one of fromMinor")]
    [TestCase("tiers", """[{ "name": "a", "benefits": ["tea"] }]""", "/tiers/0/benefits/0", "no benefit 'tea'")]
    [TestCase("colour", "\"blue\"", "/colour", "no such field")]
    public void A_fault_names_its_field_and_says_what_is_allowed(string field, string value, string pointer, string says)
    {
        var document = JsonNode.Parse(Everything)!.AsObject();
        document[field] = JsonNode.Parse(value);
        Assert.That(ProgrammeReader.TryRead(document.ToJsonString(), out var faults), Is.Null);
        var fault = faults.FirstOrDefault(found => found.Path == pointer);
        Assert.That(fault?.Detail, Does.Contain(says), string.Join('\n', faults));
    }

    [Test]
    public void All_faults_are_told_at_once()
    {
        Assert.That(ProgrammeReader.TryRead("""{ "version": 0, "zone": "Mars", "tiers": [{ "name": "" }], "x": 1 }""", out var faults), Is.Null);
        string[] expected =
        [
            "/version", "/zone", "/cutOff", "/earnRates", "/expiryMonths", "/tierCurrency", "/tierWindowMonths", "/tierReviewMonths", "/tiers/0/name", "/x",
        ];
        Assert.That(faults.Select(fault => fault.Path), Is.SupersetOf(expected));
    }

    [TestCase("", "not JSON")]
    [TestCase("[]", "object in braces")]
    [TestCase("""{ "version": 1, "version": 2 }""", "not JSON that can be taken")]
    public void What_is_no_document_at_all_is_refused(string text, string says)
    {
        Assert.That(ProgrammeReader.TryRead(text, out var faults), Is.Null);
        Assert.That(faults.Single().Detail, Does.Contain(says));
    }

    [Test]
    public void A_file_that_is_not_a_programme_is_refused_with_the_reason()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, """{ "version": "one" }""");
            Assert.That(() => Programme.Load(path), Throws.TypeOf<InvalidDataException>().With.Message.Contains("/version"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void The_published_schema_knows_the_same_fields_as_the_reader()
    {
        using var stream = typeof(Programme).Assembly.GetManifestResourceStream("programme.schema.json")!;
        using var schema = JsonDocument.Parse(stream);
        var root = schema.RootElement;
        AssertSame("", root);
        AssertSame("/rules/0", root.GetProperty("$defs").GetProperty("rule"));
        AssertSame("/rules/0/when", root.GetProperty("$defs").GetProperty("rule").GetProperty("properties").GetProperty("when"));
        AssertSame("/caps", root.GetProperty("$defs").GetProperty("caps"));
        AssertSame("/tiers/0", root.GetProperty("properties").GetProperty("tiers").GetProperty("items"));
        AssertSame("/earnRates/0", root.GetProperty("properties").GetProperty("earnRates").GetProperty("items"));
    }

    [Test]
    public void Of_the_versions_that_have_begun_the_one_that_began_last_is_in_force()
    {
        var versions = new ProgrammeVersions(
        [
            new(Demo, DateTimeOffset.MinValue), new(Demo with { Version = 2 }, March1.AddDays(10)), new(Demo with { Version = 3 }, March1),
            new(Demo with { Version = 4 }, March1.AddDays(10)),
        ]);
        Assert.That(
            new[] { March1.AddTicks(-1), March1, March1.AddDays(10).AddTicks(-1), March1.AddDays(10) }.Select(moment => versions.At(moment).Version),
            Is.EqualTo(new[] { 1, 3, 3, 4 }));
        Assert.That(versions.Changed(Demo with { Version = 9 }, March1.AddDays(5)).At(March1.AddDays(20)).Version, Is.EqualTo(9));
        Assert.That(versions.Changed(Demo with { Version = 9 }, March1.AddDays(5)).At(March1).Version, Is.EqualTo(3));
    }

    /// <summary>A field that nobody knows is answered with those that there are.</summary>
    private static void AssertSame(string pointer, JsonElement schema)
    {
        var document = JsonNode.Parse(Everything)!;
        var place = pointer.Split('/').Skip(1).Aggregate(document, (node, step) => int.TryParse(step, out var index) ? node[index]! : node[step]!);
        place["unknown-field"] = 1;
        ProgrammeReader.TryRead(document.ToJsonString(), out var faults);
        var known = faults.First(fault => fault.Path == $"{pointer}/unknown-field").Detail.Split("use one of ")[1].TrimEnd('.').Split(", ");
        Assert.That(known, Is.EquivalentTo(schema.GetProperty("properties").EnumerateObject().Select(property => property.Name)), pointer);
    }
}
