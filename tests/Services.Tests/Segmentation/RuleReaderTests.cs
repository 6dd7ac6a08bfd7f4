using System.Globalization;
using NUnit.Framework;
using Patron.Segmentation;

namespace Patron.Services.Tests.Segmentation;

internal sealed class RuleReaderTests
{
    private static readonly SegmentCatalog Catalog = new(
        [.. ReadyMade.Segments, new("loyal", "", new InSegment("vip")), new("dear", "", new AllOf(new InSegment("loyal"), new Tagged("x")))]);

    private static readonly RuleReader Reader = new(Catalog, new DateOnly(2026, 11, 30).DayNumber);

    [TestCase("""{"kind":"number","column":"Points","min":5,"max":4}""", "/max", "This must not be below min, which is 5.")]
    [TestCase("""{"kind":"number","column":"Points"}""", "/min", "Write min, max or both: without a bound the clause says nothing.")]
    [TestCase("""{"kind":"number","column":"Height","min":1}""", "/column", "This must be one of: Purchases, Spend, SpendInTwelveMonths, Points.")]
    [TestCase("""{"kind":"days-since","column":"LastPurchase","min":-1}""", "/min", "This must be a whole number from 0 to 36500.")]
    [TestCase("""{"kind":"all","clauses":[{"kind":"tag"}]}""", "/clauses/0/tag",
        "Write a text of 1 to 200 characters here, such as consumption/channel/multi-channel.")]
    [TestCase("""{"kind":"tag","tag":"x","a/b":1}""", "/a~1b", "There is no such field here: take it out, or use one of kind, tag.")]
    [TestCase("""{"kind":"purchases","measure":"Receipts","min":1,"window":{"lastDays":800}}""", "/window/lastDays",
        "This must be a whole number from 1 to 762.")]
    [TestCase("""{"kind":"purchases","measure":"Receipts","min":1,"window":{"from":"2024-10-29"}}""", "/window/from",
        "This must be a date from 2024-10-30 on: lines of purchases are kept for 762 days.")]
    [TestCase("""{"kind":"purchases","measure":"Receipts","min":1,"where":{"channels":["pos","fax"]},"window":{"lastDays":9}}""", "/where/channels/1",
        "This must be one of: pos, eshop.")]
    [TestCase("""{"kind":"date","column":"LastPurchase","from":"2026-02-30"}""", "/from", "This must be a date such as 2026-11-30.")]
    [TestCase("""{"kind":"tag","tag":"x","tag":"y"}""", "", "This is not JSON that can be taken: a field stands twice in one object.")]
    [TestCase("[]", "", "A rule must be an object in braces with a field kind.")]
    public void What_is_wrong_is_named_with_its_place_and_what_is_allowed(string document, string pointer, string sentence)
    {
        var reading = Reader.Read(document);

        Assert.That(reading.Rule, Is.Null);
        Assert.That(reading.Faults.Select(fault => (fault.Path, fault.Detail)), Is.EqualTo(new[] { (pointer, sentence) }));
    }

    [Test]
    public void All_faults_are_told_at_once()
    {
        var reading = Reader.Read("""{"kind":"any","clauses":[{"kind":"weather"},{"kind":"tier","tiers":["gold","gold"]},7]}""");

        Assert.That(reading.Faults.Select(fault => fault.Path), Is.EquivalentTo(new[] { "/clauses/0/kind", "/clauses/1/tiers/1", "/clauses/2" }));
    }

    [Test]
    public void A_segment_that_there_is_not_is_answered_with_those_that_there_are() => Assert.That(
        Reader.Read("""{"kind":"segment","segment":"rich"}""").Faults.Single().Detail,
        Does.StartWith("There is no segment of this name; there are: new, active, at-risk"));

    [Test]
    public void A_segment_cannot_come_to_depend_on_itself_and_the_way_around_is_named()
    {
        var reading = Reader.Read("""{"kind":"not","clause":{"kind":"segment","segment":"dear"}}""", name: "vip");

        Assert.That(reading.Faults.Select(fault => (fault.Path, fault.Detail)), Is.EqualTo(new[]
        {
            ("/clause/segment", "A segment cannot depend on itself: vip → dear → loyal → vip. Take one of these names out of its rule."),
        }));
        Assert.That(
            () => new SegmentCatalog([new("a", "", new InSegment("b")), new("b", "", new InSegment("a"))]),
            Throws.ArgumentException.With.Message.Contains("a → b → a"));
    }

    [Test]
    public void Rules_are_bounded_in_depth_and_in_size()
    {
        var deep = string.Concat(Enumerable.Repeat("""{"kind":"not","clause":""", 11)) + """{"kind":"tag","tag":"x"}""" + new string('}', 11);
        var wide = $$"""{"kind":"all","clauses":[{{string.Join(',', Enumerable.Repeat("""{"kind":"tag","tag":"x"}""", 200))}}]}""";

        Assert.That(Reader.Read(deep).Faults.Single().Detail, Does.StartWith("Clauses stand in one another at most 10 deep"));
        Assert.That(Reader.Read(wide).Faults.Single().Detail, Does.StartWith("A rule has at most 200 clauses"));
    }

    [TestCase("en", "(tier gold or platinum or agrees to marketing by email) and at least 2 purchases of category women/shoes through eshop in the last "
        + "90 days and not (last purchase from 2026-01-01 on)")]
    [TestCase("zh-Hans", "（等级为gold，或者platinum，或者同意通过email接收marketing），并且最近90天、品类为women/shoes、渠道为eshop，购买至少2次，并且不满足（最近一次购买在2026-01-01或之后）")]
    [TestCase("zh-Hant", "（等級為gold，或者platinum，或者同意透過email接收marketing），並且最近90天、品類為women/shoes、通路為eshop，購買至少2次，並且不符合（最近一次購買在2026-01-01或之後）")]
    public void A_rule_is_said_in_each_language(string language, string sentence)
    {
        var rule = new AllOf(
            new AnyOf(new InTier("gold", "platinum"), new Consented("email", "marketing")),
            new PurchasesBetween(PurchaseMeasure.Receipts, 2, null, new([], ["women/shoes"], ["eshop"], []), PurchaseWindow.Last(90)),
            new NoneOf(new DateBetween(DayColumn.LastPurchase, DateOnly.Parse("2026-01-01", CultureInfo.InvariantCulture), null)));

        Assert.That(new Explanation(Catalog, "GBP").Sentence(rule, Languages.Find(language)!), Is.EqualTo(sentence));
    }
}
