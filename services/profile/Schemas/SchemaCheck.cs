using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Patron.Profile;

/// <summary>
/// Checks a value against a schema and finds every field that is wrong. As JSON Schema has it, a rule for one kind of value says nothing of
/// others.
/// </summary>
internal static class SchemaCheck
{
    public static void Check(SchemaNode schema, JsonElement value, string at, FieldErrors errors)
    {
        if (schema.Types == JsonKinds.None)
            errors.Add(at, "The event's type has no field of this name.");
        else if ((KindOf(value) & schema.Types) == 0)
            errors.Add(at, $"This must be {Words(schema.Types)}.");
        else if (schema.Allowed is { } allowed && !allowed.Any(a => JsonElement.DeepEquals(a, value)))
            errors.Add(at, "This is none of the values that the event's type allows.");
        else
            CheckContent(schema, value, at, errors);
    }

    private static void CheckContent(SchemaNode schema, JsonElement value, string at, FieldErrors errors)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                CheckText(schema, value, at, errors);
                break;
            case JsonValueKind.Number:
                CheckNumber(schema, value, at, errors);
                break;
            case JsonValueKind.Array:
                CheckItems(schema, value, at, errors);
                break;
            case JsonValueKind.Object:
                CheckFields(schema, value, at, errors);
                break;
        }
    }

    private static void CheckText(SchemaNode schema, JsonElement value, string at, FieldErrors errors)
    {
        if (TextOf(value) is not { } text)
        {
            errors.Add(at, "This text is not valid Unicode.");
            return;
        }
        var length = schema.MinLength is null && schema.MaxLength is null ? 0 : text.EnumerateRunes().Count();
        if (length < schema.MinLength)
            errors.Add(at, $"This text must have at least {Text(schema.MinLength)} characters.");
        else if (length > schema.MaxLength)
            errors.Add(at, $"This text may have at most {Text(schema.MaxLength)} characters.");
        else if (schema.Pattern is { } pattern && !Matches(pattern, text))
            errors.Add(at, "This text does not have the form that the event's type asks for.");
        else if (schema.Format is { } format && !TextFormats.Matches(format, text))
            errors.Add(at, TextFormats.Rule(format));
    }

    private static void CheckNumber(SchemaNode schema, JsonElement value, string at, FieldErrors errors)
    {
        if (Compare(value, schema.Minimum) < 0)
            errors.Add(at, $"This must be at least {Text(schema.Minimum)}.");
        else if (Compare(value, schema.ExclusiveMinimum) <= 0)
            errors.Add(at, $"This must be more than {Text(schema.ExclusiveMinimum)}.");
        else if (Compare(value, schema.Maximum) > 0)
            errors.Add(at, $"This must be at most {Text(schema.Maximum)}.");
        else if (Compare(value, schema.ExclusiveMaximum) >= 0)
            errors.Add(at, $"This must be less than {Text(schema.ExclusiveMaximum)}.");
    }

    private static void CheckItems(SchemaNode schema, JsonElement value, string at, FieldErrors errors)
    {
        var count = value.GetArrayLength();
        if (count < schema.MinItems)
            errors.Add(at, $"This array must have at least {Text(schema.MinItems)} items.");
        if (count > schema.MaxItems)
            errors.Add(at, $"This array may have at most {Text(schema.MaxItems)} items.");
        if (ReferenceEquals(schema.Items, SchemaNode.Anything))
            return;
        foreach (var (index, item) in value.EnumerateArray().Index())
            Check(schema.Items, item, $"{at}/{Text(index)}", errors);
    }

    private static void CheckFields(SchemaNode schema, JsonElement value, string at, FieldErrors errors)
    {
        foreach (var name in schema.Required)
        {
            if (!value.TryGetProperty(name, out _))
                errors.Add($"{at}/{ProtobufJson.Escape(name)}", "The event's type requires this field.");
        }
        foreach (var field in value.EnumerateObject())
        {
            var isNamed = schema.Properties.TryGetValue(field.Name, out var rule);
            if (ReferenceEquals(rule ??= schema.AdditionalProperties, SchemaNode.Anything))
                continue;
            var place = $"{at}/{ProtobufJson.Escape(field.Name)}";
            if (!isNamed)
                errors.NamedBySender(place);
            Check(rule, field.Value, place, errors);
        }
    }

    private static JsonKinds KindOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => JsonKinds.Null,
        JsonValueKind.True or JsonValueKind.False => JsonKinds.Boolean,
        JsonValueKind.Number => IsWhole(value) ? JsonKinds.Integer : JsonKinds.Number & ~JsonKinds.Integer,
        JsonValueKind.String => JsonKinds.String,
        JsonValueKind.Array => JsonKinds.Array,
        _ => JsonKinds.Object,
    };

    // 1.0 is a whole number (JSON Schema Core, 4.2.1).
    private static bool IsWhole(JsonElement number) =>
        number.TryGetDecimal(out var exact) ? decimal.IsInteger(exact) : Math.Floor(number.GetDouble()) is var floor && floor == number.GetDouble();

    // Null where there is no bound, which is neither less nor more.
    private static int? Compare(JsonElement number, decimal? bound)
    {
        if (bound is not { } limit)
            return null;
        return number.TryGetDecimal(out var exact) ? exact.CompareTo(limit) : number.GetDouble().CompareTo((double)limit);
    }

    private static bool Matches(Regex pattern, string text)
    {
        try
        {
            return pattern.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }

    private static string? TextOf(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string Words(JsonKinds kinds)
    {
        var words = new List<string>();
        if (kinds.HasFlag(JsonKinds.String))
            words.Add("a text in double quotes");
        if (kinds.HasFlag(JsonKinds.Number))
            words.Add("a number");
        else if (kinds.HasFlag(JsonKinds.Integer))
            words.Add("a whole number");
        if (kinds.HasFlag(JsonKinds.Boolean))
            words.Add("true or false");
        if (kinds.HasFlag(JsonKinds.Array))
            words.Add("an array");
        if (kinds.HasFlag(JsonKinds.Object))
            words.Add("an object");
        if (kinds.HasFlag(JsonKinds.Null))
            words.Add("null");
        return string.Join(" or ", words);
    }

    private static string Text(IFormattable? number) => number?.ToString(null, CultureInfo.InvariantCulture) ?? "";
}
