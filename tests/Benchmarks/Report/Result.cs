using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Benchmarks.Report;

/// <summary>One row of <c>latest.json</c>.</summary>
/// <param name="Value">The median of the rounds.</param>
/// <param name="PeerValue">The peer's median in the same unit; null without a peer.</param>
/// <param name="Commit">What was measured; <c>+</c> behind it says that files had been changed since.</param>
/// <param name="At">When, in UTC.</param>
internal sealed record Result(
    string Id,
    double Value,
    string Unit,
    string Peer,
    [property: JsonPropertyName("peer_value")] double? PeerValue,
    double? Ratio,
    string Commit,
    string Machine,
    DateTimeOffset At);

[JsonSerializable(typeof(List<Result>))]
internal sealed partial class ResultJson : JsonSerializerContext
{
    /// <summary>Symbols such as ≥ and µ stay readable.</summary>
    public static ResultJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
