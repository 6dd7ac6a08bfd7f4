using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Runtime.Privacy;

/// <summary>A consent that profile has recorded as withdrawn.</summary>
/// <param name="Version">Of the customer's consents, as in the fact that says the same later.</param>
/// <param name="ChangedAt">When the person decided.</param>
public sealed record WithdrawnConsent(string Purpose, long Version, DateTimeOffset ChangedAt);

/// <summary>What profile tells a channel's door, ahead of the facts, so that it can say to the person whether nothing more is sent.</summary>
public sealed record WithdrawnConsents(Guid Customer, IReadOnlyList<WithdrawnConsent> Consents);

/// <param name="InForce">False while a message is still being handed over that cannot be called back.</param>
public sealed record DoorShut(bool InForce);

/// <summary>Where a channel takes withdrawals: POST to <c>/v1/{channel}/withdrawals</c> with an API key of the scope <c>write</c>. A retry is safe.</summary>
public static class ConsentDoor
{
    /// <summary>The most consents of one request.</summary>
    public const int ConsentsMax = 100;

    public static string PathOf(string channel) => $"/v1/{channel}/withdrawals";
}

/// <summary>Source-generated JSON of what travels between profile and a channel's door.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(WithdrawnConsents))]
[JsonSerializable(typeof(DoorShut))]
public sealed partial class ConsentDoorJson : JsonSerializerContext;
