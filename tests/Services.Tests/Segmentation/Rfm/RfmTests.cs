using NUnit.Framework;
using Patron.Segmentation.Rfm;
using Patron.Segmentation.Value;

namespace Patron.Services.Tests.Segmentation.Rfm;

internal sealed class RfmTests
{
    private static readonly RfmCells Standard = RfmCells.Read(RfmCells.Standard).Cells!;

    [Test]
    public void Different_values_are_cut_into_fifths()
    {
        var values = Enumerable.Range(1, 1_000).Select(value => (long)value * 7).Reverse().ToArray();
        var cuts = Cuts.Quintiles(values);

        var sizes = values.GroupBy(cuts.ScoreOf).OrderBy(score => score.Key).Select(score => (score.Key, score.Count()));
        Assert.That(sizes, Is.EqualTo(new[] { (1, 200), (2, 200), (3, 200), (4, 200), (5, 200) }));
    }

    [Test]
    public void Equal_values_have_the_score_of_their_middle()
    {
        // Of 99 customers 60 bought once: ranks 1 to 60 have the mean 30.5, and 5 x 30.5 / 100 is 1.5.
        long[] values = [.. Enumerable.Repeat(1L, 60), .. Enumerable.Repeat(2L, 20), .. Enumerable.Repeat(3L, 19)];
        var cuts = Cuts.Quintiles(values);

        Assert.That((cuts.ScoreOf(1), cuts.ScoreOf(2), cuts.ScoreOf(3)), Is.EqualTo((2, 4, 5)));
        Assert.That(Cuts.Quintiles([8, 8, 8, 8]).ScoreOf(8), Is.EqualTo(3));
        Assert.That(Cuts.Quintiles([]).ScoreOf(8), Is.EqualTo(1));
    }

    [Test]
    public void Scores_follow_the_rule_of_ranks_whatever_the_values()
    {
        var random = new Random(3);
        for (var round = 0; round < 300; round++)
        {
            var values = Enumerable.Range(0, random.Next(1, 60)).Select(_ => (long)random.Next(-3, random.Next(1, 40))).ToArray();
            var cuts = Cuts.Quintiles(values);
            Assert.That(cuts.AreAscending);
            foreach (var value in values)
            {
                var rank = values.Count(other => other < value) + ((values.Count(other => other == value) + 1) / 2m);
                Assert.That(cuts.ScoreOf(value), Is.EqualTo(1 + (int)Math.Floor(5 * rank / (values.Length + 1))), string.Join(' ', values.Order()));
            }
        }
    }

    [Test]
    public void Fixed_bounds_count_days_backwards()
    {
        var cuts = RfmCuts.Fixed(today: 1_000, new Cuts(30, 90, 180, 365), new Cuts(2, 3, 5, 10), new Cuts(10_00, 50_00, 100_00, 500_00));

        Assert.That(
            new[] { 1_000, 970, 969, 910, 909, 820, 819, 635, 634 }.Select(day => cuts.Recency.ScoreOf(day)),
            Is.EqualTo(new[] { 5, 5, 4, 4, 3, 3, 2, 2, 1 }));
        Assert.That(new long[] { 1, 2, 4, 5, 10 }.Select(cuts.Frequency.ScoreOf), Is.EqualTo(new[] { 1, 2, 3, 4, 5 }));
    }

    [TestCase(5, 5, 5, "champions")]
    [TestCase(5, 5, 1, "loyal")]
    [TestCase(3, 4, 5, "loyal")]
    [TestCase(4, 3, 5, "potential loyalist")]
    [TestCase(5, 1, 3, "new")]
    [TestCase(4, 1, 3, "promising")]
    [TestCase(3, 3, 3, "need attention")]
    [TestCase(3, 2, 3, "about to sleep")]
    [TestCase(1, 5, 5, "can't lose")]
    [TestCase(2, 5, 3, "at risk")]
    [TestCase(2, 1, 5, "hibernating")]
    [TestCase(1, 1, 1, "lost")]
    public void The_standard_table_names_scores(int recency, int frequency, int monetary, string name) =>
        Assert.That(Standard.Names[Standard.NameOf(RfmCells.CombinationOf(recency, frequency, monetary))], Is.EqualTo(name));

    [Test]
    public void A_table_is_checked()
    {
        Assert.That(RfmCells.Read(["all 1-5 1-5 1-5"]).Cells!.Names, Is.EqualTo(new[] { "all" }));
        Assert.That(RfmCells.Read(["good 3-5 1-5 1-5", "rest 1-2 1-5 1-5", "more 2 2 2"]).Faults,
            Is.EqualTo(new[] { "no scores are left for 'more'; rows above take them all" }));
        Assert.That(RfmCells.Read(["good 2-5 1-5 1-5"]).Faults,
            Is.EqualTo(new[] { "recency, frequency and money (1, 1, 1) have no name; add a row such as others 1-5 1-5 1-5" }));
        Assert.That(RfmCells.Read(["good 5-2 1-5 1-5"]).Faults.Single(), Does.StartWith("'good 5-2 1-5 1-5' is not a name"));
        Assert.That(RfmCells.Read(["1-5 1-5 1-5"]).Faults.Single(), Does.StartWith("'1-5 1-5 1-5' is not a name"));
        Assert.That(RfmCells.Read([]).Cells, Is.Null);
    }

    [Test]
    public void A_grid_counts_every_customer_once()
    {
        var random = new Random(8);
        var values = new RfmValues(
            [.. Enumerable.Range(0, 5_000).Select(_ => (long)random.Next(700_000, 700_400))],
            [.. Enumerable.Range(0, 5_000).Select(_ => (long)Math.Ceiling(1 / (0.05 + random.NextDouble())))],
            [.. Enumerable.Range(0, 5_000).Select(_ => (long)random.Next(-500, 90_000))]);
        var grid = RfmGrid.Of(values, RfmCuts.Quintiles(values));

        Assert.That(grid.Customers.Sum(), Is.EqualTo(5_000));
        Assert.That(grid.ByName(Standard).Sum(), Is.EqualTo(5_000));
        Assert.That(grid.Combinations.CountBy(combination => combination), Has.All.Matches<KeyValuePair<byte, int>>(
            cell => grid.Customers[cell.Key] == cell.Value));
    }

    [Test]
    public void Customers_move_between_names_as_time_goes_by()
    {
        // One who went on buying, one who stopped, one who came later.
        var history = new PurchaseHistory(
        [
            new(1, 10, 100), new(1, 50, 100), new(1, 90, 100), new(1, 400, 100), new(1, 480, 100),
            new(2, 20, 100), new(2, 60, 100), new(2, 95, 100),
            new(3, 490, 100),
        ]);
        var cells = RfmCells.Read(["regular 4-5 2-5 1-5", "new 4-5 1 1-5", "gone 1-3 1-5 1-5"]).Cells!;
        var moves = Migration.Between(history, 100, 500, cells, (day, _) => RfmCuts.Fixed(
            day, new Cuts(30, 90, 180, 365), new Cuts(2, 3, 5, 10), new Cuts(1, 2, 3, 4)));

        Assert.That(moves.Names, Is.EqualTo(new[] { "regular", "new", "gone" }));
        Assert.That(moves.Customers, Is.EqualTo(new[,] { { 1, 0, 1, 0 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 }, { 0, 1, 0, 0 } }));
    }
}
