using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
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

    [Test]
    public void The_schema_of_definitions_names_the_fields_and_the_ids_of_tags_that_the_reader_takes()
    {
        var fields = Document("segment.schema.json").GetProperty("properties");
        var faults = new Runtime.Hosting.DocumentFaults();
        Reader.ReadDefinition("""{ "other": 1 }""", "x", 200, faults);
        var told = faults.Found.Single(fault => fault.Path == "/other").Detail;
        Assert.That(told, Does.EndWith($"one of {string.Join(", ", fields.EnumerateObject().Select(field => field.Name).Order())}."));
        var pattern = fields.GetProperty("tag").GetProperty("pattern").GetString()!;
        foreach (var id in (string[])["a", "a/b-c/2", "", "/a", "a/", "a//b", "A", "a_b", "-a", "a b"])
            Assert.That(Regex.IsMatch(id, pattern), Is.EqualTo(RuleFields.IsTagId(id)), id);
    }

    private static JsonSchema Published() => new(Document("rule.schema.json"));

    private static JsonElement Document(string name)
    {
        using var inside = typeof(Topics).Assembly.GetManifestResourceStream(name)!;
        return JsonDocument.Parse(inside).RootElement;
    }

    private static string Examples(string kind, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "contracts", "segmentation", "examples", kind));
}
