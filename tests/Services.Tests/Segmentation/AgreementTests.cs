using NUnit.Framework;
using Patron.Segmentation;

namespace Patron.Services.Tests.Segmentation;

/// <summary>Blocks of columns, one row of columns, and explanations all say what the slow interpreter says.</summary>
internal sealed class AgreementTests
{
    private const int Customers = 1_200;
    private const int Rules = 120;
    private static readonly DateTimeOffset Now = BrandDaysTests.At("2011-12-09T02:30:00Z");
    private static readonly SegmentCatalog Catalog = RandomCatalog(seed: 20111209);
    private static readonly Dictionary<string, Clause> RuleOf = Catalog.Segments.ToDictionary(segment => segment.Name, segment => segment.Rule);

    [Test]
    public void Columns_and_explanations_agree_with_the_slow_interpreter_on_random_customers_and_rules()
    {
        var world = new SegmentWorld(seed: 20111209);
        var customers = world.Customers(Customers, Now);
        var facts = world.Facts(customers, Now).OrderBy(fact => fact.Source == Source.Profile).ToList();
        var columns = new PartitionColumns(new CodeBooks { Scoring = SegmentWorld.Scored() }, BrandDaysTests.London);

        // Some lines lie sorted, some wait to be; plans that were made before a text got its code must learn it.
        var plans = Catalog.Segments.Select(segment => RulePlan.Of(segment.Rule, Catalog)).ToList();
        foreach (var fact in facts.Take(facts.Count / 2))
            Columns.Apply(columns, fact);
        columns.Behaviours.Merge(columns.Count, keptFrom: 1);
        foreach (var (story, other) in customers.Zip(customers.Skip(1)).Take(customers.Count / 2))
            columns.Attributes.Replace(columns.RowOf(story.Customer), other.Attributes);
        _ = plans.ConvertAll(plan => plan.Evaluate(columns));
        foreach (var story in customers)
            columns.Attributes.Replace(columns.RowOf(story.Customer), story.Attributes);
        foreach (var fact in facts[(facts.Count / 2)..^300])
            Columns.Apply(columns, fact);
        columns.Events.Merge(columns.Count, keptFrom: 1);
        foreach (var fact in facts[^300..])
            Columns.Apply(columns, fact);
        columns.AdvanceTo(Now);

        Assert.That(columns.Events.DeltaRows, Has.Count.InRange(50, Customers * 9 / 10));
        var compared = Compare(columns, plans, customers);
        Assert.That(compared, Is.EqualTo((Rules + ReadySets.Installed.Count) * Customers).And.GreaterThan(100_000));

        columns.Events.Merge(columns.Count, Day16.Of((long)PurchaseWindow.KeptFrom(columns.Today)));
        columns.Behaviours.Merge(columns.Count, Day16.Of((long)PurchaseWindow.KeptFrom(columns.Today, BehavioursBetween.DaysMax)));
        Assert.That(columns.Events.DeltaRows, Is.Empty);
        Compare(columns, plans, customers);
    }

    [Test]
    public void Rules_that_are_written_and_read_are_the_same()
    {
        var reader = new RuleReader(Catalog, DateOnly.FromDateTime(Now.DateTime).DayNumber);
        var rules = new RandomRules(seed: 8, DateOnly.FromDateTime(Now.DateTime));
        for (var i = 0; i < 2_000; i++)
        {
            var written = RuleDocuments.Write(rules.Next(["active", "vip"]));
            var reading = reader.Read(written);
            if (reading.Rule is { } rule)
                Assert.That(RuleDocuments.Write(rule), Is.EqualTo(written));
            else
                Assert.That(reading.Faults.Select(fault => fault.Detail), Is.All.StartsWith("Write min, max or both").Or.StartsWith("Write from, to"), written);
        }
    }

    private static int Compare(PartitionColumns columns, List<RulePlan> plans, List<Story> customers)
    {
        var explanation = new Explanation(Catalog, "GBP");
        var rows = customers.ConvertAll(story => columns.Read(columns.RowOf(story.Customer)));
        var (compared, inside) = (0, 0);
        foreach (var (segment, plan) in Catalog.Segments.Zip(plans))
        {
            var bits = plan.Evaluate(columns);
            foreach (var (story, values) in customers.Zip(rows))
            {
                var row = columns.RowOf(story.Customer);
                var expected = SlowInterpreter.Holds(segment.Rule, story, Now, RuleOf);
                bool[] found = [RowBits.Has(bits, row), plan.At(columns, row), explanation.Holds(segment.Rule, values)];
                if (found.Any(one => one != expected))
                    Assert.Fail($"{explanation.Sentence(segment.Rule)}: expected {expected}, found {string.Join(", ", found)} of {values}");
                compared++;
                inside += expected ? 1 : 0;
            }

            Assert.That(bits.Sum(word => (long)ulong.PopCount(word)), Is.LessThanOrEqualTo(columns.Count), "No bit past the last customer");
        }

        Assert.That(inside, Is.InRange(compared / 10, compared * 9 / 10), "Rules that hold for nobody or everybody would prove nothing");
        return compared;
    }

    private static SegmentCatalog RandomCatalog(int seed)
    {
        var rules = new RandomRules(seed, DateOnly.FromDateTime(Now.DateTime));
        List<SegmentDefinition> segments = [.. ReadySets.Installed];
        for (var i = 0; i < Rules; i++)
            segments.Add(new($"random-{i}", "", rules.Next([.. segments.Select(segment => segment.Name)])));
        return new SegmentCatalog(segments);
    }
}
