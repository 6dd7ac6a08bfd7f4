using System.Text.Json;
using NUnit.Framework;
using Patron.Profile;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>The subset of JSON Schema in which event types are described.</summary>
[TestFixture]
internal sealed class SchemaTests
{
    private static readonly SchemaReader Reader = new(TimeSpan.FromMilliseconds(50));

    // Schemas of one field, and values of it that are worth a question.
    private static readonly (string Schema, string[] Values)[] Cases =
    [
        ("""{"type": "integer"}""", ["1", "1.0", "1.5", "1e2", "\"1\"", "null", "1e400", "-0"]),
        ("""{"type": ["number", "null"]}""", ["1.5", "null", "true", "[]"]),
        ("""{"minimum": 1, "maximum": 2}""", ["1", "2", "0.999", "2.0001", "\"x\"", "1e30", "{}"]),
        ("""{"exclusiveMinimum": 1, "exclusiveMaximum": 2}""", ["1", "2", "1.5", "1.0"]),
        ("""{"minLength": 2, "maxLength": 3}""", ["\"ab\"", "\"a\"", "\"abcd\"", "\"𠮷𠮷\"", "\"𠮷\"", "\"é\\u0301x\"", "7"]),
        ("""{"pattern": "^a+b?$"}""", ["\"aaab\"", "\"b\"", "1"]),
        ("""{"pattern": "b"}""", ["\"abc\"", "\"ac\""]),
        ("""{"enum": ["a", 1, null, {"x": [1, 2]}, 1.5]}""", ["\"a\"", "1", "1.0", "null", "{\"x\": [1, 2]}", "{\"x\": [2, 1]}", "\"b\"", "1.50"]),
        ("""{"const": {"a": 1, "b": 2}}""", ["{\"b\": 2, \"a\": 1}", "{\"a\": 1}"]),
        ("""{"items": {"type": "string"}, "minItems": 1, "maxItems": 2}""", ["[]", "[\"a\"]", "[\"a\", 1]", "[\"a\", \"b\", \"c\"]", "\"a\""]),
        ("""{"properties": {"a": {"type": "string"}}, "required": ["a", "b"]}""", ["{\"a\": \"x\", \"b\": 1}", "{\"a\": 1, \"b\": 1}", "{\"a\": \"x\"}", "[]"]),
        ("""{"properties": {"a": true, "n": false}, "additionalProperties": false}""", ["{\"a\": 1}", "{\"b\": 1}", "{\"n\": 1}", "{}"]),
        ("""{"additionalProperties": {"type": "integer"}}""", ["{\"b\": 1}", "{\"b\": \"x\"}"]),
        ("""{"format": "date-time"}""", ["\"2024-03-01T10:15:00+08:00\"", "\"2024-03-01\"", "\"2024-13-01T10:15:00Z\"", "3"]),
        ("""{"format": "date"}""", ["\"2024-02-29\"", "\"2023-02-29\"", "\"2024-2-9\""]),
        ("""{"format": "email"}""", ["\"anna@example.com\"", "\"anna@\"", "\"anna\""]),
        ("""{"format": "uri"}""", ["\"https://a.example/b?c=d#e\"", "\"/b\"", "\"a b\"", "\"mailto:a@example.com\""]),
        ("""{"format": "uuid"}""", ["\"0190a000-0000-7000-8000-000000000001\"", "\"0190a000\""]),
        ("""{"$ref": "#/$defs/word", "maxLength": 5}""", ["\"four\"", "\"sixsix\"", "4"]),
    ];

    [Test]
    [CancelAfter(120_000)]
    public async Task Every_keyword_decides_as_Ajv_does(CancellationToken cancellation)
    {
        NodeTool.RequireNode();
        var folder = NodeTool.SourceFolder("tests/Services.Tests/Profile/foreign");
        await NodeTool.InstallAsync(folder, cancellation);
        await using var ajv = NodeTool.StartScript(folder, "ajv.js");
        var questions = Cases.SelectMany(c => c.Values.Select(v => (Schema: Whole(c.Schema), Value: $$"""{"v": {{v}} }"""))).ToList();
        var asked = 0;
        foreach (var (schema, value) in questions)
        {
            await ajv.TellAsync($$"""{"schema": {{schema.ReplaceLineEndings(" ")}}, "value": {{value}}}""", cancellation);
            asked++;
            while (ajv.Output.AsSpan().Count('\n') < asked)
                await Task.Delay(1, cancellation);
        }
        var theirs = ajv.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l == "valid true");
        Assert.That(
            questions.Select(q => $"{q.Schema} {q.Value} {Errors(q.Schema, q.Value).Count == 0}"),
            Is.EqualTo(questions.Zip(theirs).Select(q => $"{q.First.Schema} {q.First.Value} {q.Second}")));
    }

    [TestCase("""{"type": "string"}""", "/type")]
    [TestCase("""{"type": "object", "oneOf": []}""", "/oneOf")]
    [TestCase("""{"type": "object", "properties": {"a": {"type": "text"}}}""", "/properties/a/type")]
    [TestCase("""{"type": "object", "properties": {"a": {"format": "phone"}}}""", "/properties/a/format")]
    [TestCase("""{"type": "object", "properties": {"a": {"minLength": -1}}}""", "/properties/a/minLength")]
    [TestCase("""{"type": "object", "properties": {"a": {"pattern": "(a)\\1"}}}""", "/properties/a/pattern")]
    [TestCase("""{"type": "object", "properties": {"a": {"pattern": "("}}}""", "/properties/a/pattern")]
    [TestCase("""{"type": "object", "properties": {"a/b": {"enum": []}}}""", "/properties/a~1b/enum")]
    [TestCase("""{"type": "object", "required": "a"}""", "/required")]
    [TestCase("""{"type": "object", "$schema": "http://json-schema.org/draft-07/schema#"}""", "/$schema")]
    [TestCase("""{"type": "object", "properties": {"a": {"$ref": "https://a.example/schema"}}}""", "/properties/a/$ref")]
    [TestCase("""{"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}""", "/$defs/a/items/$ref")]
    [TestCase("""{"type": "object", "properties": {"a": {"x-patron-personal": false}}}""", "/properties/a/x-patron-personal")]
    [TestCase("""{"type": "object", "properties": {"a.b": {"type": "string", "x-patron-personal": false}}}""", "/properties/a.b/x-patron-personal")]
    [TestCase("""{"type": "object", "additionalProperties": {"type": "string", "x-patron-personal": false}}""", "/additionalProperties/x-patron-personal")]
    [TestCase("""{"type": "object", "x-patron-personal": false}""", "/x-patron-personal")]
    public void A_schema_that_is_not_understood_is_refused_at_its_place(string schema, string pointer)
    {
        var errors = new FieldErrors();
        using var json = JsonDocument.Parse(schema);
        Reader.Read(json.RootElement, errors);
        Assert.That(errors.Found.Select(e => e.Path), Is.EqualTo((string[])[pointer]));
    }

    [Test]
    public void A_pattern_that_would_take_for_ever_elsewhere_takes_no_time()
    {
        var began = TimeProvider.System.GetTimestamp();
        var errors = Errors(Whole("""{"pattern": "^(a|a)*$"}"""), $$"""{"v": "{{new string('a', 30_000)}}b"}""");
        Assert.That(errors.Found.Select(e => e.Path), Is.EqualTo((string[])["/v"]));
        Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(5)));
    }

    [Test]
    public void An_unmarked_field_and_one_whose_name_the_sender_chose_are_personal()
    {
        const string Schema =
            """
            {"type": "object", "properties": {
              "size": {"type": "string", "x-patron-personal": false}, "note": {"type": "string"},
              "tags": {"items": {"type": "string", "x-patron-personal": false}}}}
            """;
        using var value = JsonDocument.Parse(
            """{"size": "M", "note": "for Anna", "tags": ["a", "b", {"c": 1}], "anna": {"age": 30}, "none": null, "empty": []}""");
        using var schema = JsonDocument.Parse(Schema);
        var divided = OpenFields.Divide(Reader.Read(schema.RootElement, new FieldErrors()), value.RootElement, "", new FieldErrors());
        Assert.That(divided.Open.Select(o => $"{o.Key}={o.Value}"), Is.EqualTo((string[])["size=M", "tags.0=a", "tags.1=b"]));
        Assert.That(divided.Personal, Is.EqualTo("""{"/note":"for Anna","/tags/2/c":1,"/anna/age":30}"""));
    }

    private static string Whole(string field) =>
        $$"""{"type": "object", "properties": {"v": {{field}} }, "$defs": {"word": {"type": "string", "minLength": 2} } }""";

    private static FieldErrors Errors(string schema, string value)
    {
        var errors = new FieldErrors();
        using var json = JsonDocument.Parse(schema);
        using var instance = JsonDocument.Parse(value);
        var read = Reader.Read(json.RootElement, errors);
        Assert.That(errors.Found, Is.Empty, schema);
        SchemaCheck.Check(read, instance.RootElement, "", errors);
        return errors;
    }
}
