using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Loyalty;

/// <summary>A purchase document of a touchpoint, which may be a sale, a return or both.</summary>
[JsonConverter(typeof(PurchaseIdJson))]
internal readonly record struct PurchaseId(Guid Value)
{
    public override string ToString() => Value.ToString("D");
}

/// <summary>One redemption; derived from the customer and the caller's idempotency key, so that a repeat has the same.</summary>
[JsonConverter(typeof(RedemptionIdJson))]
internal readonly record struct RedemptionId(Guid Value)
{
    public override string ToString() => Value.ToString("D");
}

internal sealed class PurchaseIdJson : JsonConverter<PurchaseId>
{
    public override PurchaseId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetGuid());

    public override void Write(Utf8JsonWriter writer, PurchaseId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}

internal sealed class RedemptionIdJson : JsonConverter<RedemptionId>
{
    public override RedemptionId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetGuid());

    public override void Write(Utf8JsonWriter writer, RedemptionId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}
