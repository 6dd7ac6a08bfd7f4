using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Profile;

/// <summary>
/// What the facts of all contexts say of one customer id, folded by <see cref="SummaryFold"/>: the live view keeps it, a view of the past
/// folds it anew. Of a merged customer each id keeps its own, so that an unmerge finds both as they were; <see cref="MergedSummary"/> reads
/// them together. Everything is bounded; nothing is personal.
/// </summary>
internal sealed record CustomerSummary
{
    public static readonly CustomerSummary None = new();

    /// <summary>The customer that this one is merged into, if any.</summary>
    public Guid? Into { get; init; }

    /// <summary>The version of the last merge or unmerge of this customer; an older one loses.</summary>
    public long LinkVersion { get; init; }

    /// <summary>Every customer that was ever merged into this one. Whether they still are, their own facts say.</summary>
    public IReadOnlyList<Guid> Absorbed { get; init; } = [];

    /// <summary>The key is destroyed and nothing is kept.</summary>
    public bool Erased { get; init; }

    public PurchaseSummary Purchases { get; init; } = PurchaseSummary.None;

    public LoyaltySummary Loyalty { get; init; } = LoyaltySummary.None;

    public IReadOnlyList<TagHeld> Tags { get; init; } = [];

    public IReadOnlyList<SegmentHeld> Segments { get; init; } = [];

    public IReadOnlyList<JourneyRunning> Journeys { get; init; } = [];

    /// <summary>Journey instances that ended under this id and had begun under another one, newest last.</summary>
    public IReadOnlyList<Guid> EndedElsewhere { get; init; } = [];

    public MessageSummary Messages { get; init; } = MessageSummary.None;

    public BehaviourSummary Behaviour { get; init; } = BehaviourSummary.None;
}

/// <param name="Count">Documents with goods sold; those that only bring goods back are <paramref name="Returns"/>.</param>
/// <param name="First">When the earliest happened, by the touchpoint.</param>
/// <param name="Spend">By channel and currency, everything that was paid less what was paid back.</param>
/// <param name="Latest">Newest first, at most <see cref="LatestMax"/>.</param>
internal sealed record PurchaseSummary(
    long Count, long Returns, DateTimeOffset? First, DateTimeOffset? Last, IReadOnlyList<SpendIn> Spend, IReadOnlyList<LatestPurchase> Latest)
{
    public const int LatestMax = 3;
    public const int LinesMax = 3;

    public static readonly PurchaseSummary None = new(0, 0, null, null, [], []);
}

/// <param name="Minor">Minor units of the currency.</param>
internal sealed record SpendIn(string Channel, string Currency, long Documents, long Minor);

/// <summary>Its names are short because it is the larger part of what is kept.</summary>
/// <param name="At">When it happened, by the touchpoint.</param>
/// <param name="Lines">The first <see cref="PurchaseSummary.LinesMax"/> of <paramref name="LineCount"/>.</param>
internal sealed record LatestPurchase(
    [property: JsonPropertyName("i")] Guid Id, [property: JsonPropertyName("a")] DateTimeOffset At, [property: JsonPropertyName("c")] string Channel,
    [property: JsonPropertyName("s")] string Store, [property: JsonPropertyName("u")] string Currency, [property: JsonPropertyName("t")] long TotalMinor,
    [property: JsonPropertyName("n")] int LineCount, [property: JsonPropertyName("l")] IReadOnlyList<PurchaseLine> Lines);

/// <param name="Tier">Null until a first change is known.</param>
/// <param name="Lots">
/// What is left of what was earned, the earliest expiry first, as far as public facts tell: points leave by the earliest expiry, so the
/// balance tells which lots still have some. At most <see cref="LotsMax"/>, the latest ones together.
/// </param>
internal sealed record LoyaltySummary(long Balance, string? Tier, DateTimeOffset? TierSince, string? TierReason, IReadOnlyList<PointLot> Lots)
{
    public const int LotsMax = 40;

    public static readonly LoyaltySummary None = new(0, null, null, null, []);

    /// <summary>See <see cref="CouponFold"/>; at most <see cref="CouponFold.HeldMax"/>.</summary>
    public IReadOnlyList<CouponHeld> Coupons { get; init; } = [];
}

internal readonly record struct PointLot(DateTimeOffset ExpiresAt, long Points);

/// <param name="Since">Business time at which it was decided.</param>
internal sealed record TagHeld(string Tag, string Why, int RuleVersion, DateTimeOffset Since);

internal sealed record SegmentHeld(string Segment, string Why, DateTimeOffset Since);

/// <param name="Step">Where it is; null before its first step.</param>
/// <param name="At">Business time of the last step.</param>
/// <param name="Taken">It began under another id, since merged into this one, and this is what is known of it here.</param>
internal sealed record JourneyRunning(Guid Instance, string Journey, DateTimeOffset Since, string? Step, string Why, DateTimeOffset At, bool Taken = false);

/// <param name="Latest">Newest first, at most <see cref="LatestMax"/>.</param>
internal sealed record MessageSummary(long Sent, long Suppressed, long Failed, long Uncertain, IReadOnlyList<MessageTold> Latest)
{
    public const int LatestMax = 10;

    public static readonly MessageSummary None = new(0, 0, 0, 0, []);
}

/// <param name="State">sent, suppressed, failed or uncertain.</param>
/// <param name="Template">Known of sent ones.</param>
/// <param name="Why">Why it was not sent.</param>
internal sealed record MessageTold(Guid Id, string Channel, string State, string? Template, string? Why, DateTimeOffset At);

/// <summary>What they did on websites and in apps.</summary>
internal sealed record BehaviourSummary(long Count, DateTimeOffset? Last, string? LastType)
{
    public static readonly BehaviourSummary None = new(0, null, null);
}

/// <summary>Source-generated JSON of the kept summary: what is empty is left out, since there is one for every customer.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    Converters = [typeof(TicksJson), typeof(PointLotJson)])]
[JsonSerializable(typeof(CustomerSummary))]
internal sealed partial class SummaryJson : JsonSerializerContext;

/// <summary>A moment as a number of ticks: shorter and quicker than its text.</summary>
internal sealed class TicksJson : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetInt64(), TimeSpan.Zero);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteNumberValue(value.UtcTicks);
}

/// <summary>A lot as an array of two, because a customer can have many.</summary>
internal sealed class PointLotJson : JsonConverter<PointLot>
{
    public override PointLot Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        reader.Read();
        var expiresAt = new DateTimeOffset(reader.GetInt64(), TimeSpan.Zero);
        reader.Read();
        var points = reader.GetInt64();
        reader.Read();
        return new PointLot(expiresAt, points);
    }

    public override void Write(Utf8JsonWriter writer, PointLot value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        writer.WriteNumberValue(value.ExpiresAt.UtcTicks);
        writer.WriteNumberValue(value.Points);
        writer.WriteEndArray();
    }
}
