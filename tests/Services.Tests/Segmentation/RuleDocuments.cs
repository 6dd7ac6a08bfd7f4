using System.Text.Json;
using System.Text.Json.Serialization;
using Patron.Segmentation;

namespace Patron.Services.Tests.Segmentation;

/// <summary>Rules as the service writes them.</summary>
internal static class RuleDocuments
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web)
    {
        TypeInfoResolver = SegmentationJson.Default,
        Converters = { new JsonStringEnumConverter() },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static string Write(Clause rule) => JsonSerializer.Serialize(rule, Web);
}
