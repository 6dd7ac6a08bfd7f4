using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Channels.Email;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SendClaimed))]
[JsonSerializable(typeof(OptInClaimed))]
[JsonSerializable(typeof(Calling))]
[JsonSerializable(typeof(Deferred))]
[JsonSerializable(typeof(Sent))]
[JsonSerializable(typeof(Suppressed))]
[JsonSerializable(typeof(Failed))]
[JsonSerializable(typeof(Uncertain))]
[JsonSerializable(typeof(Unsubscribed))]
[JsonSerializable(typeof(ProfileTold))]
[JsonSerializable(typeof(SendsHandedOver))]
[JsonSerializable(typeof(WithdrawalsJoined))]
[JsonSerializable(typeof(SendsTakenBack))]
[JsonSerializable(typeof(Send))]
[JsonSerializable(typeof(Suppression))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
internal sealed partial class EmailJson : JsonSerializerContext;
