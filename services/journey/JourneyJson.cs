using System.Text.Json.Serialization;

namespace Patron.Journey;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Entered))]
[JsonSerializable(typeof(Waiting))]
[JsonSerializable(typeof(WaitEnded))]
[JsonSerializable(typeof(SendRequested))]
[JsonSerializable(typeof(Left))]
[JsonSerializable(typeof(JourneysHandedOver))]
[JsonSerializable(typeof(JourneysJoined))]
[JsonSerializable(typeof(JourneysGivenBack))]
[JsonSerializable(typeof(JourneysReopened))]
[JsonSerializable(typeof(Suspended))]
[JsonSerializable(typeof(Resumed))]
[JsonSerializable(typeof(Traveller))]
internal sealed partial class JourneyJson : JsonSerializerContext;
