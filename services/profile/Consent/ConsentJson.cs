using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Profile;

/// <summary>Source-generated JSON of what the endpoints of attributes and consents take and answer, and of kept definitions.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AttributeDefinition))]
[JsonSerializable(typeof(AttributeList))]
[JsonSerializable(typeof(WordingText))]
[JsonSerializable(typeof(WordingList))]
[JsonSerializable(typeof(CustomerAttributes))]
[JsonSerializable(typeof(AttributeHistory))]
[JsonSerializable(typeof(CustomerConsents))]
[JsonSerializable(typeof(ConsentHistory))]
[JsonSerializable(typeof(PreferencesLink))]
internal sealed partial class ConsentJson : JsonSerializerContext;
