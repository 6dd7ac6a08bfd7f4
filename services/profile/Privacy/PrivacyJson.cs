using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Profile;

/// <summary>Source-generated JSON of what people ask about personal data.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(PrivacyRequest))]
[JsonSerializable(typeof(ErasureReceipt))]
[JsonSerializable(typeof(KeysRewrapped))]
internal sealed partial class PrivacyJson : JsonSerializerContext;
