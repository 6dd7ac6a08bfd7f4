using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Runtime.EventStore;

/// <summary>The metadata column: null when there is nothing to say.</summary>
internal static class MetadataColumn
{
    public static string? Write(EventMetadata metadata) =>
        metadata is { Watermarks: null or { Count: 0 }, TraceParent: null, Backfill: false }
            ? null
            : JsonSerializer.Serialize(metadata, EventMetadataJson.Default.EventMetadata);

    public static EventMetadata Read(string? text) =>
        text is null ? EventMetadata.None : JsonSerializer.Deserialize(text, EventMetadataJson.Default.EventMetadata) ?? EventMetadata.None;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(EventMetadata))]
internal sealed partial class EventMetadataJson : JsonSerializerContext;
