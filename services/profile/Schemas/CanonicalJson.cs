using System.Buffers;
using System.Text.Json;

namespace Patron.Profile;

/// <summary>One spelling of a JSON value: names in ordinal order, no spaces, texts escaped in one way; numbers stay as they were written.</summary>
internal static class CanonicalJson
{
    /// <param name="without">Names that are left out of the outermost object.</param>
    public static ReadOnlySpan<byte> Of(JsonElement value, params ReadOnlySpan<string> without)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        Write(value, writer, without);
        writer.Flush();
        return buffer.WrittenSpan;
    }

    private static void Write(JsonElement value, Utf8JsonWriter writer, ReadOnlySpan<string> without)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var field in value.EnumerateObject().OrderBy(f => f.Name, StringComparer.Ordinal))
                {
                    if (without.Contains(field.Name))
                        continue;
                    writer.WritePropertyName(field.Name);
                    Write(field.Value, writer, []);
                }
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                    Write(item, writer, []);
                writer.WriteEndArray();
                break;
            case JsonValueKind.Undefined:
                writer.WriteNullValue();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}
