using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Patron.Profile;

/// <summary>
/// Reads the subset of JSON Schema (draft 2020-12) in which event types are described, or says what is wrong with a schema and where. Rules:
/// <c>type</c>, <c>enum</c>, <c>const</c>, <c>minLength</c>, <c>maxLength</c>, <c>pattern</c>, <c>format</c> (date-time, date, email, uri, uuid; always
/// checked), <c>minimum</c>, <c>maximum</c>, <c>exclusiveMinimum</c>, <c>exclusiveMaximum</c>, <c>items</c>, <c>minItems</c>, <c>maxItems</c>,
/// <c>properties</c>, <c>required</c>, <c>additionalProperties</c>, and <c>$ref</c> to <c>#/$defs/name</c> without recursion. Words:
/// <c>$schema</c>, <c>title</c>, <c>description</c>, <c>examples</c>, <c>default</c>, <c>deprecated</c>, <c>$comment</c>. And
/// <c>x-patron-personal</c>: false lets the values of a named field leave profile in clear. Every other keyword is an error.
/// </summary>
/// <param name="patternWithin">The longest that a pattern may take for one value, in system time.</param>
internal sealed class SchemaReader(TimeSpan patternWithin)
{
    public const int BytesMax = 64 * 1024;
    private const int PatternCharactersMax = 1_000;
    private const string Dialect = "https://json-schema.org/draft/2020-12/schema";
    private const string DefinitionPrefix = "#/$defs/";

    private static readonly Dictionary<string, JsonKinds> Kinds = new()
    {
        ["null"] = JsonKinds.Null,
        ["boolean"] = JsonKinds.Boolean,
        ["integer"] = JsonKinds.Integer,
        ["number"] = JsonKinds.Number,
        ["string"] = JsonKinds.String,
        ["array"] = JsonKinds.Array,
        ["object"] = JsonKinds.Object,
    };

    private static readonly Dictionary<string, TextFormat> Formats = new()
    {
        ["date-time"] = TextFormat.DateTime,
        ["date"] = TextFormat.Date,
        ["email"] = TextFormat.Email,
        ["uri"] = TextFormat.Uri,
        ["uuid"] = TextFormat.Uuid,
    };

    /// <summary>Answers the schema of an event's properties; it counts only when no errors were added.</summary>
    public SchemaNode Read(JsonElement schema, FieldErrors errors)
    {
        var before = errors.Count;
        var definitions = schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("$defs", out var found) ? found : default;
        var read = new Reading(definitions, errors, patternWithin).Schema(schema, "", named: true);
        if (errors.Count == before && read.Types != JsonKinds.Object)
            errors.Add("/type", "The properties of an event are an object: the type must be \"object\".");
        return read;
    }

    /// <summary>One schema while it is read, with the definitions that are being followed.</summary>
    private sealed class Reading(JsonElement definitions, FieldErrors errors, TimeSpan patternWithin)
    {
        private readonly Dictionary<string, SchemaNode> followed = [];
        private readonly HashSet<string> open = [];

        /// <param name="named">The place is reached by fixed names and array positions alone, so that its values may be marked.</param>
        public SchemaNode Schema(JsonElement json, string at, bool named)
        {
            if (json.ValueKind is JsonValueKind.True or JsonValueKind.False)
                return json.GetBoolean() ? SchemaNode.Anything : SchemaNode.Nothing;
            if (json.ValueKind != JsonValueKind.Object)
            {
                errors.Add(at, "A schema must be an object, true or false.");
                return SchemaNode.Anything;
            }

            var node = json.TryGetProperty("$ref", out var reference) ? Follow(reference, $"{at}/$ref", named) : SchemaNode.Anything;
            foreach (var keyword in json.EnumerateObject())
                node = Keyword(node, keyword.Name, keyword.Value, $"{at}/{ProtobufJson.Escape(keyword.Name)}", named);
            if (!node.IsPersonal)
                CheckMark(node, $"{at}/x-patron-personal", named);
            return node;
        }

        private SchemaNode Keyword(SchemaNode node, string keyword, JsonElement json, string at, bool named) => keyword switch
        {
            "type" => node with { Types = TypesOf(json, at) },
            "enum" => node with { Allowed = Values(json, at) },
            "const" => node with { Allowed = [json.Clone()] },
            "minLength" => node with { MinLength = Count(json, at) },
            "maxLength" => node with { MaxLength = Count(json, at) },
            "pattern" => node with { Pattern = PatternOf(json, at) },
            "format" => node with { Format = OneOf(json, Formats, at) },
            "minimum" => node with { Minimum = Number(json, at) },
            "maximum" => node with { Maximum = Number(json, at) },
            "exclusiveMinimum" => node with { ExclusiveMinimum = Number(json, at) },
            "exclusiveMaximum" => node with { ExclusiveMaximum = Number(json, at) },
            "items" => node with { Items = Schema(json, at, named) },
            "minItems" => node with { MinItems = Count(json, at) },
            "maxItems" => node with { MaxItems = Count(json, at) },
            "properties" => node with { Properties = PropertiesOf(json, at, named) },
            "required" => node with { Required = Names(json, at) },
            "additionalProperties" => node with { AdditionalProperties = Schema(json, at, named: false) },
            "x-patron-personal" => node with { IsPersonal = Flag(json, at) },
            "$schema" => Words(node, json, at),
            "$defs" when at == "/$defs" => node,
            "$ref" or "title" or "description" or "examples" or "default" or "deprecated" or "$comment" => node,
            _ => Unknown(node, at),
        };

        private SchemaNode Follow(JsonElement json, string at, bool named)
        {
            var text = json.ValueKind == JsonValueKind.String ? json.GetString()! : "";
            var name = text.StartsWith(DefinitionPrefix, StringComparison.Ordinal) ? text[DefinitionPrefix.Length..] : "";
            if (definitions.ValueKind != JsonValueKind.Object || !definitions.TryGetProperty(name, out var definition))
                errors.Add(at, "Only a definition of this schema can be referred to, as #/$defs/name.");
            else if (!open.Add(name))
                errors.Add(at, "A definition must not refer to itself, directly or by others.");
            else
            {
                // Read for each kind of place, because a mark that is right in a named place is wrong in another.
                var key = $"{name}\0{named}";
                if (!followed.TryGetValue(key, out var node))
                    followed[key] = node = Schema(definition, $"/$defs/{ProtobufJson.Escape(name)}", named);
                open.Remove(name);
                return node;
            }
            return SchemaNode.Anything;
        }

        private void CheckMark(SchemaNode node, string at, bool named)
        {
            if (!named)
                errors.Add(at, "Only fields with a fixed name can be marked as not personal: a name that senders choose may itself be personal.");
            else if ((node.Types & (JsonKinds.Object | JsonKinds.Array)) != 0)
                errors.Add(at, "Mark the single values, not the object or array that holds them, and give each its type.");
        }

        private Dictionary<string, SchemaNode> PropertiesOf(JsonElement json, string at, bool named)
        {
            var properties = new Dictionary<string, SchemaNode>();
            if (json.ValueKind != JsonValueKind.Object)
                errors.Add(at, "This must be an object with a schema for each field.");
            else
            {
                foreach (var field in json.EnumerateObject())
                {
                    var place = $"{at}/{ProtobufJson.Escape(field.Name)}";
                    // Facts join the names on the way to a value with dots.
                    properties[field.Name] = Schema(field.Value, place, named && !field.Name.Contains('.', StringComparison.Ordinal));
                }
            }
            return properties;
        }

        private JsonKinds TypesOf(JsonElement json, string at) => json.ValueKind == JsonValueKind.Array && json.GetArrayLength() > 0
            ? json.EnumerateArray().Aggregate(JsonKinds.None, (kinds, kind) => kinds | OneOf(kind, Kinds, at).GetValueOrDefault())
            : OneOf(json, Kinds, at).GetValueOrDefault();

        private T? OneOf<T>(JsonElement json, Dictionary<string, T> known, string at) where T : struct
        {
            if (json.ValueKind == JsonValueKind.String && known.TryGetValue(json.GetString()!, out var value))
                return value;
            errors.Add(at, $"This must be one of {string.Join(", ", known.Keys)}.");
            return null;
        }

        private List<JsonElement>? Values(JsonElement json, string at)
        {
            if (json.ValueKind == JsonValueKind.Array && json.GetArrayLength() > 0)
                return [.. json.EnumerateArray().Select(v => v.Clone())];
            errors.Add(at, "This must be an array of at least one value.");
            return null;
        }

        private HashSet<string> Names(JsonElement json, string at)
        {
            if (json.ValueKind == JsonValueKind.Array && json.EnumerateArray().All(n => n.ValueKind == JsonValueKind.String))
                return [.. json.EnumerateArray().Select(n => n.GetString()!)];
            errors.Add(at, "This must be an array of names.");
            return [];
        }

        private int? Count(JsonElement json, string at)
        {
            if (json.ValueKind == JsonValueKind.Number && json.TryGetInt32(out var count) && count >= 0)
                return count;
            errors.Add(at, string.Create(CultureInfo.InvariantCulture, $"This must be a whole number from 0 to {int.MaxValue}."));
            return null;
        }

        private decimal? Number(JsonElement json, string at)
        {
            if (json.ValueKind == JsonValueKind.Number && json.TryGetDecimal(out var number))
                return number;
            errors.Add(at, "This must be a number.");
            return null;
        }

        private bool Flag(JsonElement json, string at)
        {
            if (json.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
                errors.Add(at, "This must be true or false.");
            return json.ValueKind != JsonValueKind.False;
        }

        private SchemaNode Words(SchemaNode node, JsonElement json, string at)
        {
            if (!json.ValueEquals(Dialect))
                errors.Add(at, $"The only dialect is {Dialect}.");
            return node;
        }

        private SchemaNode Unknown(SchemaNode node, string at)
        {
            errors.Add(at, "This keyword is not taken; the taken ones are listed in the documentation of PUT /v1/event-types/{name}.");
            return node;
        }

        // The engine without backtracking takes time in proportion to the text, whatever the pattern.
        private Regex? PatternOf(JsonElement json, string at)
        {
            try
            {
                if (json.ValueKind == JsonValueKind.String && json.GetString() is { Length: > 0 and <= PatternCharactersMax } pattern)
                    return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, patternWithin);
            }
            catch (Exception wrong) when (wrong is ArgumentException or NotSupportedException)
            {
                // The engine's own words quote the pattern in terms of .NET; the sentence below says what can be taken.
            }
            errors.Add(at, $"This must be a regular expression of 1 to {PatternCharactersMax} characters, without backreferences and lookarounds.");
            return null;
        }
    }
}
