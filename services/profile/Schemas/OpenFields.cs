using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Patron.Profile;

/// <summary>The properties of an event, divided by the marks of its type.</summary>
/// <param name="Open">Values marked as not personal by their names, those on the way joined with dots: what may leave profile.</param>
/// <param name="Personal">A JSON object of all other values by their JSON pointers; null when there are none.</param>
internal sealed record DividedProperties(IReadOnlyDictionary<string, string> Open, string? Personal);

internal static class OpenFields
{
    /// <summary>Divides properties that were found right. Nulls, empty objects and empty arrays say nothing and are dropped.</summary>
    /// <param name="at">JSON pointer to the properties.</param>
    /// <param name="errors">Get what is marked as not personal and looks so all the same.</param>
    public static DividedProperties Divide(SchemaNode schema, JsonElement properties, string at, FieldErrors errors)
    {
        var open = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var buffer = new ArrayBufferWriter<byte>();
        using var personal = new Utf8JsonWriter(buffer);
        personal.WriteStartObject();
        var any = false;
        Walk(schema, properties, "", "");
        personal.WriteEndObject();
        personal.Flush();
        return new DividedProperties(open, any ? Encoding.UTF8.GetString(buffer.WrittenSpan) : null);

        void Walk(SchemaNode rule, JsonElement value, string name, string pointer)
        {
            switch (value.ValueKind)
            {
                case JsonValueKind.Object:
                    foreach (var field in value.EnumerateObject())
                        Walk(rule.Of(field.Name), field.Value, Join(name, field.Name), $"{pointer}/{ProtobufJson.Escape(field.Name)}");
                    break;
                case JsonValueKind.Array:
                    foreach (var (index, item) in value.EnumerateArray().Index())
                    {
                        var place = index.ToString(CultureInfo.InvariantCulture);
                        Walk(rule.Items, item, Join(name, place), $"{pointer}/{place}");
                    }
                    break;
                case JsonValueKind.Null or JsonValueKind.Undefined:
                    break;
                case var kind when !rule.IsPersonal:
                    open[name] = kind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
                    if (PersonalLook.IsIn(open[name]) || PersonalLook.IsIn(name))
                        errors.Add($"{at}{pointer}", PersonalLook.Rule);
                    break;
                default:
                    personal.WritePropertyName(pointer);
                    value.WriteTo(personal);
                    any = true;
                    break;
            }
        }
    }

    private static string Join(string name, string step) => name.Length == 0 ? step : $"{name}.{step}";
}
