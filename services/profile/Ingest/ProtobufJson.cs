using System.Collections;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Patron.Profile;

/// <summary>
/// Reads the protobuf JSON mapping strictly: an unknown field is an error, and every wrong field is found with its pointer, where
/// Google's parser stops at the first without telling its place. Only the field types that the ingestion contract uses.
/// </summary>
internal static class ProtobufJson
{
    private static readonly ConcurrentDictionary<MessageDescriptor, KnownField[]> Known = new();

    /// <summary>Answers the message with what could be read; it counts only when no errors were added.</summary>
    public static IMessage Read(JsonElement json, MessageDescriptor type, string at, FieldErrors errors)
    {
        var message = type.Parser.ParseFrom(ByteString.Empty);
        if (json.ValueKind != JsonValueKind.Object)
        {
            errors.Add(at, $"This must be an object with the fields of {type.FullName}.");
            return message;
        }

        foreach (var property in json.EnumerateObject())
        {
            if (Find(type, property) is not { } field)
                errors.AddUnknown(at, property.Name, $"{type.FullName} has no field of this name.");
            else if (property.Value.ValueKind != JsonValueKind.Null)
                ReadField(message, field, property.Value, $"{at}/{field.JsonName}", errors);
        }
        return message;
    }

    /// <summary>A name as a step of a JSON pointer.</summary>
    public static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    private static void ReadField(IMessage message, FieldDescriptor field, JsonElement json, string at, FieldErrors errors)
    {
        if (field.IsMap)
        {
            ReadMap((IDictionary)field.Accessor.GetValue(message), field, json, at, errors);
            return;
        }
        if (!field.IsRepeated)
        {
            if (ReadValue(json, field, at, errors) is { } value)
                field.Accessor.SetValue(message, value);
            return;
        }
        if (json.ValueKind != JsonValueKind.Array)
        {
            errors.Add(at, "This must be an array.");
            return;
        }

        var items = (IList)field.Accessor.GetValue(message);
        foreach (var item in json.EnumerateArray())
        {
            // An item that cannot be read still takes its place, so that the pointers of those after it stay right.
            items.Add(ReadValue(item, field, $"{at}/{items.Count}", errors) ?? Empty(field));
        }
    }

    // In the order of the names, so that the same entries in another order are the same message.
    private static void ReadMap(IDictionary entries, FieldDescriptor field, JsonElement json, string at, FieldErrors errors)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            errors.Add(at, "This must be an object.");
            return;
        }

        var value = field.MessageType.FindFieldByNumber(2);
        foreach (var property in json.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal))
            entries[property.Name] = ReadValue(property.Value, value, $"{at}/{Escape(property.Name)}", errors) ?? Empty(value);
    }

    private static object? ReadValue(JsonElement json, FieldDescriptor field, string at, FieldErrors errors) => field.FieldType switch
    {
        FieldType.Message when field.MessageType == Timestamp.Descriptor => ReadTime(json, at, errors),
        FieldType.Message => Read(json, field.MessageType, at, errors),
        FieldType.String => ReadText(json, at, errors),
        FieldType.Bool => ReadFlag(json, at, errors),
        FieldType.Int32 => ReadWhole(json, int.MinValue, int.MaxValue, at, errors) is { } number ? (int)number : null,
        FieldType.Int64 => ReadWhole(json, long.MinValue, long.MaxValue, at, errors),
        FieldType.Double => ReadNumber(json, at, errors),
        FieldType.Enum => ReadEnum(json, field.EnumType, at, errors),
        _ => throw new UnreachableException($"The ingestion contract has no fields of type {field.FieldType}."),
    };

    public static string? ReadText(JsonElement json, string at, FieldErrors errors)
    {
        if (json.ValueKind != JsonValueKind.String)
        {
            errors.Add(at, "This must be a text in double quotes.");
            return null;
        }
        try
        {
            return json.GetString();
        }
        catch (InvalidOperationException)
        {
            errors.Add(at, "This text is not valid Unicode.");
            return null;
        }
    }

    private static bool? ReadFlag(JsonElement json, string at, FieldErrors errors)
    {
        if (json.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return json.GetBoolean();
        errors.Add(at, "This must be true or false.");
        return null;
    }

    private static Timestamp? ReadTime(JsonElement json, string at, FieldErrors errors)
    {
        if (json.ValueKind == JsonValueKind.String && IngestReader.TryReadTime(ReadText(json, at, errors) ?? "", out var time))
            return Timestamp.FromDateTimeOffset(time);
        errors.Add(at, "This is not a time with its offset as in RFC 3339, such as 2024-03-01T10:15:00+08:00.");
        return null;
    }

    private static double? ReadNumber(JsonElement json, string at, FieldErrors errors)
    {
        if (json.ValueKind == JsonValueKind.Number && json.TryGetDouble(out var number) && double.IsFinite(number))
            return number;
        errors.Add(at, "This must be a number.");
        return null;
    }

    // The mapping lets a number stand as a number or, for clients that would round it, as a text.
    private static long? ReadWhole(JsonElement json, long min, long max, string at, FieldErrors errors)
    {
        decimal value;
        var isNumber = json.ValueKind switch
        {
            JsonValueKind.Number => json.TryGetDecimal(out value),
            JsonValueKind.String => decimal.TryParse(json.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value),
            _ => Nothing(out value),
        };
        if (isNumber && decimal.IsInteger(value) && value >= min && value <= max)
            return (long)value;
        errors.Add(at, string.Create(CultureInfo.InvariantCulture, $"This must be a whole number from {min} to {max}."));
        return null;
    }

    private static bool Nothing(out decimal value)
    {
        value = 0;
        return false;
    }

    private static int? ReadEnum(JsonElement json, EnumDescriptor type, string at, FieldErrors errors)
    {
        var value = json.ValueKind switch
        {
            JsonValueKind.String => type.FindValueByName(json.GetString()),
            JsonValueKind.Number when json.TryGetInt32(out var number) => type.FindValueByNumber(number),
            _ => null,
        };
        if (value is not null)
            return value.Number;
        errors.Add(at, $"This must be one of {string.Join(", ", type.Values.Where(v => v.Number != 0).Select(v => v.Name))}.");
        return null;
    }

    private static object Empty(FieldDescriptor field) =>
        field.FieldType == FieldType.Message ? field.MessageType.Parser.ParseFrom(ByteString.Empty) : "";

    private static FieldDescriptor? Find(MessageDescriptor type, JsonProperty property)
    {
        foreach (var known in Known.GetOrAdd(type, static t => [.. t.Fields.InDeclarationOrder().Select(f => new KnownField(f))]))
        {
            if (property.NameEquals(known.JsonName) || property.NameEquals(known.ProtoName))
                return known.Field;
        }
        return null;
    }

    private sealed record KnownField(FieldDescriptor Field)
    {
        public byte[] JsonName { get; } = Encoding.UTF8.GetBytes(Field.JsonName);

        public byte[] ProtoName { get; } = Encoding.UTF8.GetBytes(Field.Name);
    }
}
