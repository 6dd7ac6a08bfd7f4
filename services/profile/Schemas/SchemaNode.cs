using System.Text.Json;
using System.Text.RegularExpressions;

namespace Patron.Profile;

/// <summary>The kinds of JSON values as JSON Schema names them; a number kind takes whole ones too.</summary>
[Flags]
internal enum JsonKinds
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Integer = 4,
    Number = 8 | Integer,
    String = 16,
    Array = 32,
    Object = 64,
    Any = Null | Boolean | Number | String | Array | Object,
}

internal enum TextFormat
{
    DateTime,
    Date,
    Email,
    Uri,
    Uuid,
}

/// <summary>A schema that was read: its keywords in the form in which values are checked against them. Absent ones are null.</summary>
internal sealed record SchemaNode
{
    public static readonly SchemaNode Anything = new();

    /// <summary>Takes no value at all: what <c>"additionalProperties": false</c> says of a field that is not named.</summary>
    public static readonly SchemaNode Nothing = new() { Types = JsonKinds.None };

    public JsonKinds Types { get; init; } = JsonKinds.Any;

    /// <summary>Of <c>enum</c>, or the one of <c>const</c>.</summary>
    public IReadOnlyList<JsonElement>? Allowed { get; init; }

    /// <summary>In Unicode code points.</summary>
    public int? MinLength { get; init; }

    public int? MaxLength { get; init; }

    public Regex? Pattern { get; init; }

    public TextFormat? Format { get; init; }

    public decimal? Minimum { get; init; }

    public decimal? Maximum { get; init; }

    public decimal? ExclusiveMinimum { get; init; }

    public decimal? ExclusiveMaximum { get; init; }

    public SchemaNode Items { get => field ?? Anything; init; }

    public int? MinItems { get; init; }

    public int? MaxItems { get; init; }

    public IReadOnlyDictionary<string, SchemaNode> Properties { get; init; } = new Dictionary<string, SchemaNode>();

    public IReadOnlySet<string> Required { get; init; } = new HashSet<string>();

    public SchemaNode AdditionalProperties { get => field ?? Anything; init; }

    /// <summary>True unless marked with <c>"x-patron-personal": false</c>.</summary>
    public bool IsPersonal { get; init; } = true;

    /// <summary>The rule for a field of this name.</summary>
    public SchemaNode Of(string name) => Properties.TryGetValue(name, out var named) ? named : AdditionalProperties;
}
