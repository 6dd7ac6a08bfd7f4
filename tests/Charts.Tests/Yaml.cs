using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;
using Parser = YamlDotNet.Core.Parser;

namespace Patron.Charts.Tests;

/// <summary>YAML as JSON nodes, which are easier to ask; plain scalars by YAML 1.2's core schema, merge keys resolved.</summary>
internal static class Yaml
{
    /// <summary>All documents but empty ones.</summary>
    public static IReadOnlyList<JsonNode> Read(string text)
    {
        var stream = new YamlStream();
        stream.Load(new MergingParser(new Parser(new StringReader(text))));
        return [.. stream.Documents.Select(d => Of(d.RootNode)).OfType<JsonNode>()];
    }

    private static JsonNode? Of(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(c => KeyValuePair.Create(((YamlScalarNode)c.Key).Value!, Of(c.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(Of)]),
        YamlScalarNode { Style: ScalarStyle.Plain } plain => Plain(plain.Value ?? ""),
        YamlScalarNode text => JsonValue.Create(text.Value),
        _ => throw new InvalidDataException($"{node.GetType().Name} is not expected in these files."),
    };

    private static JsonValue? Plain(string text) => text switch
    {
        "" or "~" or "null" => null,
        "true" => JsonValue.Create(true),
        "false" => JsonValue.Create(false),
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => JsonValue.Create(whole),
        _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
        _ => JsonValue.Create(text),
    };
}

/// <summary>Short ways through JSON nodes.</summary>
internal static class JsonPaths
{
    /// <summary>The node at a path of names and indexes with dots between, or null.</summary>
    public static JsonNode? At(this JsonNode? node, string path) => path.Split('.').Aggregate(node, (at, step) => at switch
    {
        JsonObject map => map[step],
        JsonArray list when int.TryParse(step, CultureInfo.InvariantCulture, out var index) && index < list.Count => list[index],
        _ => null,
    });

    /// <summary>The scalar at a path as text, or null.</summary>
    public static string? Text(this JsonNode? node, string path) => node.At(path)?.ToString();

    public static IEnumerable<JsonNode> Items(this JsonNode? node, string path) => (node.At(path) as JsonArray)?.OfType<JsonNode>() ?? [];

    public static IEnumerable<(string Name, JsonNode? Value)> Fields(this JsonNode? node, string path) =>
        (node.At(path) as JsonObject)?.Select(f => (f.Key, f.Value)) ?? [];

    /// <summary>Name and text of every field of a map of scalars.</summary>
    public static Dictionary<string, string> Texts(this JsonNode? node, string path) =>
        node.Fields(path).ToDictionary(f => f.Name, f => f.Value?.ToString() ?? "");
}
