using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Runtime.Processing;

/// <summary>
/// One line of a customer's story as a service tells it: what happened and why, without personal data. Every service answers an array of
/// these at <c>GET /v1/{service}/customers/{id}/timeline</c>, oldest first.
/// </summary>
/// <param name="Time">Business time, or when it happened where the touchpoint told that.</param>
/// <param name="Service">Which service tells it, such as <c>loyalty</c>.</param>
/// <param name="What">Past tense, such as <c>Earned 120 points</c>.</param>
/// <param name="Why">The rule and the facts that led to it.</param>
public sealed record TimelineEntry(DateTimeOffset Time, string Service, string What, string Why);

/// <summary>
/// A figure of a service over all customers, such as <c>points issued</c>. Every service answers an array of these at
/// <c>GET /v1/{service}/figures</c>.
/// </summary>
public sealed record Figure(string Name, long Value);

/// <summary>Source-generated JSON of what every service answers.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(IReadOnlyList<TimelineEntry>))]
[JsonSerializable(typeof(IReadOnlyList<Figure>))]
public sealed partial class StoryJson : JsonSerializerContext;
