using NUnit.Framework;
using Patron.Segmentation;

namespace Patron.Services.Tests.Segmentation.Comparing;

/// <summary>Counts of combinations of rules agree with customers counted one by one.</summary>
internal sealed class TallyTests
{
    private static readonly DateTimeOffset Now = BrandDaysTests.At("2026-05-01T10:00:00Z");

    [Test]
    public void Combinations_and_spreads_are_those_of_the_slow_interpreter()
    {
        var world = new SegmentWorld(seed: 31);
        var customers = world.Customers(700, Now);
        var books = new CodeBooks { Scoring = SegmentWorld.Scored() };
        var partition = new SegmentedPartition(books, BrandDaysTests.London, new Explanation(new SegmentCatalog([]), "GBP"));
        foreach (var told in world.Facts(customers, Now))
            partition.Apply(told.Customer, told.Source, told.Position, told.Time, Needs.All, (columns, row) => Columns.Change(columns, row, told));
        partition.Look(0, (columns, _) =>
        {
            foreach (var story in customers)
                columns.Attributes.Replace(columns.RowOf(story.Customer), story.Attributes);
            return customers.Count;
        });
        var erased = customers[5].Customer;
        partition.Erase(erased);
        partition.Leave(customers[6].Customer);
        var counted = customers.Where((_, place) => place is not (5 or 6)).ToList();

        var random = new RandomRules(seed: 5, DateOnly.FromDateTime(Now.DateTime));
        var rules = Enumerable.Range(0, 9).Select(_ => random.Next([])).ToList();
        var question = new TallyQuestion(
            rules, [new(0, 0), new(0b1, 0), new(0b110, 0b1), new(0, 0b101000), new(0b11, 0b11)], [new(new(0, 0), 0b111111111), new(new(0b10, 0), 0b1101)]);
        var tally = partition.Look(0, (_, evaluate) => Tally.Of(question, evaluate)).Value;

        bool Holds(Story story, int rule) => SlowInterpreter.Holds(rules[rule], story, Now);
        bool Within(Story story, Combination of) => Enumerable.Range(0, rules.Count).All(rule =>
            ((of.All >> rule & 1) == 0 || Holds(story, rule)) && ((of.None >> rule & 1) == 0 || !Holds(story, rule)));
        Assert.That(tally.Customers, Is.EqualTo(counted.Count));
        Assert.That(tally.Counts, Is.EqualTo(question.Counts.Select(of => counted.LongCount(story => Within(story, of)))));
        Assert.That(tally.Counts.Skip(1).Take(3), Is.All.GreaterThan(0), "Counts of nobody would prove nothing");
        foreach (var (spread, found) in question.Spreads.Zip(tally.Spreads))
        {
            var many = Enumerable.Range(0, rules.Count).Where(rule => (spread.Of >> rule & 1) != 0).ToList();
            Assert.That(found, Is.EqualTo(Enumerable.Range(0, many.Count + 1).Select(number =>
                counted.LongCount(story => Within(story, spread.Within) && many.Count(rule => Holds(story, rule)) == number))));
        }

        var twice = Tally.Sum(question, [tally, tally]);
        Assert.That(twice.Counts, Is.EqualTo(tally.Counts.Select(count => 2 * count)));
        Assert.That(twice.Spreads[0], Is.EqualTo(tally.Spreads[0].Select(count => 2 * count)));
    }
}
