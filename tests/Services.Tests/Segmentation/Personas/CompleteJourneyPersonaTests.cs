using System.Globalization;
using System.IO.Compression;
using NUnit.Framework;
using Patron.Segmentation;
using Patron.Segmentation.Personas;

namespace Patron.Services.Tests.Segmentation.Personas;

/// <summary>Households with children, by a grocer's own survey and a year of real purchases ('Complete Journey' of 84.51/dunnhumby, CC0).</summary>
internal sealed class CompleteJourneyPersonaTests
{
    private const string Prefix = "completejourney_";
    private const string Surveyed = "survey/answered";
    private const string Children = "survey/children";
    private static readonly string[] Breakfast = ["CONVENIENT BRKFST/WHLSM SNACKS", "COLD CEREAL", "MOLASSES/SYRUP/PANCAKE MIXS"];
    private static readonly string[] Baby = ["BABY FOODS", "BABY HBC", "DIAPERS & DISPOSABLES", "INFANT FORMULA"];
    private static readonly string[] Organic = ["ORGANICS FRUIT & VEGETABLES"];
    private static readonly DateTimeOffset NewYear = BrandDaysTests.At("2018-01-01T12:00:00Z");

    [Test]
    public void Children_show_in_what_a_household_buys_where_they_should_and_not_where_they_should_not()
    {
        var households = Read("demographics.csv").ToDictionary(row => row["household_id"], row => row["kids_count"] != "0");
        var lines = Lines(households.Keys.ToHashSet());
        var (partition, bought) = Load(households, lines);

        var breakfast = new Expectation("breakfasts", Buys(Breakfast), 40, 1.2m);
        var holds = Ask(partition, breakfast, new("for babies", Buys(Baby), 12, 1.3m));
        var fails = Ask(partition, breakfast, new("organic", Buys(Organic), 25, 1.5m));

        // The same counts straight from the lines.
        foreach (var (result, categories) in new[] { (holds.Expectations[0], Breakfast), (holds.Expectations[1], Baby), (fails.Expectations[1], Organic) })
        {
            Assert.That(result.Hit.Hits, Is.EqualTo(Count(categories, withChildren: true)), result.Name);
            Assert.That(result.Others.Hits, Is.EqualTo(Count(categories, withChildren: false)), result.Name);
            TestContext.Out.WriteLine(
                $"{result.Name}: {result.Hit.Rate.Value:P1} [{result.Hit.Rate.Low:P1}, {result.Hit.Rate.High:P1}], others {result.Others.Rate.Value:P1}, "
                + $"lift {result.Lift!.Value:F2} [{result.Lift.Low:F2}, {result.Lift.High:F2}]");
        }

        TestContext.Out.WriteLine(
            $"{holds.Described} of {holds.Customers}: {holds.Verdict.Says} ({holds.Verdict.Confidence:P2}), "
            + $"{fails.Verdict.Says} ({fails.Verdict.Confidence:P2})");
        Assert.That((holds.Customers, holds.Described), Is.EqualTo((801L, 288L)));
        Assert.That(holds.Verdict.Says, Is.EqualTo(PersonaVerdict.Holds));
        Assert.That(fails.Verdict.Says, Is.EqualTo(PersonaVerdict.Fails));
        Assert.That(fails.Verdict.Claims.Single(claim => claim.Claim == "hit rate of organic").Says, Is.EqualTo(PersonaVerdict.Fails));

        int Count(string[] categories, bool withChildren) => households.Count(household =>
            household.Value == withChildren && categories.Any(bought[household.Key].Contains));
    }

    private static PurchasesBetween Buys(string[] categories) =>
        new(PurchaseMeasure.Receipts, 1, null, PurchaseFilter.Any with { Categories = categories }, PurchaseWindow.Last(PurchaseWindow.DaysMax));

    private static Measurement Ask(SegmentedPartition partition, params Expectation[] expectations)
    {
        var persona = new Persona(
            new Dictionary<string, string> { ["en"] = "Households with children" }, "research", "surveyed", new Tagged(Children), expectations, null,
            MinCoveragePercent: 20, MinCustomers: 100, ConfidencePercent: 95);
        var tally = partition.Look(0, (_, evaluate) => Tally.Of(Measure.Question(persona), evaluate)).Value;
        return Measure.Of(new("children", 1, persona, NewYear, "test"), tally, new(1, 1), _ => "");
    }

    private static (SegmentedPartition Partition, Dictionary<string, HashSet<string>> Bought) Load(
        Dictionary<string, bool> households, IReadOnlyList<(string Household, DateOnly Day, long Minor, string Category)> lines)
    {
        var catalog = new SegmentCatalog([.. ReadyMade.Segments, new("surveyed", "", new Tagged(Surveyed))]);
        var partition = new SegmentedPartition(new CodeBooks(), BrandDaysTests.London, new Explanation(catalog, "USD"));
        var bought = households.Keys.ToDictionary(household => household, _ => new HashSet<string>());
        var position = 0;
        foreach (var (household, children) in households)
        {
            var customer = new Guid($"0b6f7a52-5f0e-7000-8000-{int.Parse(household, CultureInfo.InvariantCulture):x12}");
            var own = lines.Where(line => line.Household == household).Select(line => new BoughtLine(
                line.Day.DayNumber, line.Minor, "", line.Category, "pos", "", Sold: true, Begins: true)).OrderBy(line => line.Day).ToList();
            bought[household].UnionWith(own.Select(line => line.Category));
            partition.Apply(customer, Source.Profile, ++position, NewYear, Needs.All, (columns, row) =>
            {
                columns.SetTag(row, Surveyed, true);
                columns.SetTag(row, Children, children);
                columns.Add(row, new Purchases(
                    own.Count, own.Sum(line => line.Minor), own.Count == 0 ? null : own[0].Day, own.Count == 0 ? null : own[^1].Day, [], own));
            });
        }

        return (partition, bought);
    }

    private static List<(string Household, DateOnly Day, long Minor, string Category)> Lines(HashSet<string> households)
    {
        var categories = Read("products.csv.gz").ToDictionary(row => row["product_id"], row => row["product_category"]);
        return
        [
            .. Read("transactions_sample.csv.gz").Where(row => households.Contains(row["household_id"])).Select(row => (
                row["household_id"], DateOnly.ParseExact(row["transaction_timestamp"][..10], "yyyy-MM-dd", CultureInfo.InvariantCulture),
                (long)(100 * decimal.Parse(row["sales_value"], CultureInfo.InvariantCulture)), categories.GetValueOrDefault(row["product_id"], ""))),
        ];
    }

    /// <summary>Rows of a table without line ends in its cells.</summary>
    private static IEnumerable<Dictionary<string, string>> Read(string name)
    {
        var folder = Environment.GetEnvironmentVariable("PATRON_DATA");
        if (folder is null || !File.Exists(Path.Combine(folder, Prefix + name)))
            Assert.Ignore($"PATRON_DATA does not name a folder with {Prefix + name}, so personas are not measured on a grocer's households.");
        using var file = File.OpenRead(Path.Combine(folder!, Prefix + name));
        using var text = new StreamReader(name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file);
        var header = Cells(text.ReadLine()!);
        while (text.ReadLine() is { } line)
            yield return header.Zip(Cells(line)).ToDictionary(cell => cell.First, cell => cell.Second);
    }

    private static List<string> Cells(string line)
    {
        var cells = new List<string>();
        for (var at = 0; at <= line.Length;)
        {
            var isQuoted = at < line.Length && line[at] == '"';
            var end = isQuoted ? line.IndexOf("\",", at + 1, StringComparison.Ordinal) : line.IndexOf(',', at);
            end = end < 0 ? line.Length - (isQuoted ? 1 : 0) : end;
            cells.Add(line[(isQuoted ? at + 1 : at)..end]);
            at = end + (isQuoted ? 2 : 1);
        }

        return cells;
    }
}
