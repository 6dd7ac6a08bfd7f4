using System.Runtime.CompilerServices;
using System.Text.Json;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Segmentation;

namespace Patron.Services.Tests.Segmentation;

/// <summary>The published schema of rules and the reader say the same.</summary>
internal sealed class RuleSchemaTests
{
    private static readonly int Today = new DateOnly(2026, 11, 30).DayNumber;
    private static readonly RuleReader Reader = new(new SegmentCatalog(ReadyMade.Segments), Today);
    private static readonly JsonSchema Schema = Published();

    private static IEnumerable<string> Right => Directory.EnumerateFiles(Examples("right")).Select(file => Path.GetFileName(file));

    private static IEnumerable<string> Wrong => Directory.EnumerateFiles(Examples("wrong")).Select(file => Path.GetFileName(file));

    [TestCaseSource(nameof(Right))]
    public void A_right_example_is_allowed_by_both(string file)
    {
        var text = File.ReadAllText(Path.Combine(Examples("right"), file));

        Assert.That(Reader.Read(text).Faults, Is.Empty);
        Assert.That(Schema.Allows(JsonElement.Parse(text)), Is.True);
    }

    [TestCaseSource(nameof(Wrong))]
    public void A_wrong_example_is_refused_by_both(string file)
    {
        var text = File.ReadAllText(Path.Combine(Examples("wrong"), file));

        Assert.That(Reader.Read(text).Faults, Is.Not.Empty);
        Assert.That(Schema.Allows(JsonElement.Parse(text)), Is.False);
    }

    [Test]
    public void They_agree_on_random_rules_as_the_service_writes_them()
    {
        var rules = new RandomRules(seed: 3, DateOnly.FromDayNumber(Today));
        for (var i = 0; i < 1_000; i++)
        {
            var text = RuleDocuments.Write(rules.Next(["active", "vip"]));
            Assert.That(Schema.Allows(JsonElement.Parse(text)), Is.EqualTo(Reader.Read(text).Rule is not null), text);
        }
    }

    [Test]
    public void The_rules_that_ship_are_right()
    {
        foreach (var segment in ReadySets.Installed)
        {
            var text = RuleDocuments.Write(segment.Rule);
            Assert.That((Reader.Read(text).Faults.Count, Schema.Allows(JsonElement.Parse(text))), Is.EqualTo((0, true)), text);
        }
    }

    private static JsonSchema Published()
    {
        using var inside = typeof(Topics).Assembly.GetManifestResourceStream("rule.schema.json")!;
        return new JsonSchema(JsonDocument.Parse(inside).RootElement);
    }

    private static string Examples(string kind, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "contracts", "segmentation", "examples", kind));
}
