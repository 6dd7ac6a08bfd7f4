using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Patron.Profile;

/// <summary>Parses a body, or says where it stops being JSON. The parser's own message may quote the body, so it is not told.</summary>
internal static class JsonBody
{
    public static async Task<JsonDocument?> ParseAsync(Stream body, FieldErrors errors, CancellationToken cancellation)
    {
        try
        {
            return await JsonDocument.ParseAsync(body, CloudEvents.JsonOptions, cancellation);
        }
        catch (JsonException wrong)
        {
            Add(wrong, errors);
            return null;
        }
    }

    public static JsonDocument? Parse(ReadOnlyMemory<byte> body, FieldErrors errors)
    {
        try
        {
            return JsonDocument.Parse(body, CloudEvents.JsonOptions);
        }
        catch (JsonException wrong)
        {
            Add(wrong, errors);
            return null;
        }
    }

    /// <summary>A value that is put together here; it stays valid for as long as it is used.</summary>
    public static JsonElement Written(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
            write(writer);
        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }

    private static void Add(JsonException wrong, FieldErrors errors) => errors.Add("", wrong.LineNumber is { } line
        ? string.Create(CultureInfo.InvariantCulture, $"This is not JSON, or nested too deeply (line {line + 1}, byte {wrong.BytePositionInLine + 1}).")
        : "This is not JSON that can be taken: every name of an object may occur once.");
}
