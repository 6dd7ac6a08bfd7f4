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

/// <summary>Points that are promised to a till; derived like <see cref="RedemptionId"/>.</summary>
[JsonConverter(typeof(HoldIdJson))]
internal readonly record struct HoldId(Guid Value)
{
    public override string ToString() => Value.ToString("D");
}

/// <summary>Redeemed points that came back; derived like <see cref="RedemptionId"/>.</summary>
[JsonConverter(typeof(RefundIdJson))]
internal readonly record struct RefundId(Guid Value)
{
    public override string ToString() => Value.ToString("D");
}

/// <summary>Points that were given for something else than a purchase; derived like <see cref="RedemptionId"/>.</summary>
[JsonConverter(typeof(GrantIdJson))]
internal readonly record struct GrantId(Guid Value)
{
    public override string ToString() => Value.ToString("D");
}

internal sealed class PurchaseIdJson() : GuidJson<PurchaseId>(value => new(value), id => id.Value);

internal sealed class RedemptionIdJson() : GuidJson<RedemptionId>(value => new(value), id => id.Value);

internal sealed class HoldIdJson() : GuidJson<HoldId>(value => new(value), id => id.Value);

internal sealed class RefundIdJson() : GuidJson<RefundId>(value => new(value), id => id.Value);

internal sealed class GrantIdJson() : GuidJson<GrantId>(value => new(value), id => id.Value);

/// <summary>Identifiers are UUID texts in JSON.</summary>
internal abstract class GuidJson<TId>(Func<Guid, TId> make, Func<TId, Guid> value) : JsonConverter<TId>
{
    public override TId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => make(reader.GetGuid());

    public override void Write(Utf8JsonWriter writer, TId id, JsonSerializerOptions options) => writer.WriteStringValue(value(id));
}
