using NUnit.Framework;
using Patron.Segmentation;

namespace Patron.Services.Tests.Segmentation;

internal sealed class AgreementTests
{
    private static readonly DateTimeOffset Now = BrandDaysTests.At("2011-12-09T02:30:00Z");

    [Test]
    public void Columns_and_explanations_agree_with_the_slow_interpreter_on_random_customers_and_rules()
    {
        var world = new SegmentWorld(seed: 20111209);
        SegmentDefinition[] segments = [.. ReadyMade.Segments, .. Enumerable.Range(0, 53).Select(i => new SegmentDefinition($"random-{i}", "", world.Rule()))];
        var catalog = new SegmentCatalog(segments);
        var explanation = new Explanation(catalog, "GBP");
        var customers = world.Customers(1_200, Now);
        var columns = new PartitionColumns(catalog, BrandDaysTests.London);
        foreach (var fact in world.Facts(customers, Now))
            Columns.Apply(columns, fact);
        columns.AdvanceTo(Now);

        var (compared, inside) = (0, 0);
        foreach (var segment in segments)
        {
            var bits = ColumnScan.Evaluate(segment.Rule, columns, catalog);
            foreach (var story in customers)
            {
                var row = columns.RowOf(story.Customer);
                var expected = SlowInterpreter.Holds(segment.Rule, story, Now);
                var found = (bits[row / 64] >> (row % 64) & 1) == 1;
                if (found != expected || explanation.Holds(segment.Rule, columns.Read(row)) != expected)
                    Assert.Fail($"{explanation.Sentence(segment.Rule)}: expected {expected} of {story} with {columns.Read(row)}");
                compared++;
                inside += expected ? 1 : 0;
            }

            Assert.That(bits.Sum(word => (long)ulong.PopCount(word)), Is.LessThanOrEqualTo(columns.Count), "No bit past the last customer");
        }

        Assert.That(compared, Is.EqualTo(72_000));
        Assert.That(inside, Is.InRange(compared / 10, compared * 9 / 10), "Rules that hold for nobody or everybody would prove nothing");
    }
}
