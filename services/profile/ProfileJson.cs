using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Profile;

/// <summary>Source-generated JSON of profile's events, state, and what its endpoints take and answer.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CustomerRegistered))]
[JsonSerializable(typeof(IdentifierLinked))]
[JsonSerializable(typeof(IdentifierConflictFound))]
[JsonSerializable(typeof(DetailsChanged))]
[JsonSerializable(typeof(ConsentChanged))]
[JsonSerializable(typeof(DetailsConfirmed))]
[JsonSerializable(typeof(PurchaseRecorded))]
[JsonSerializable(typeof(AnonymousPurchaseRecorded))]
[JsonSerializable(typeof(CustomerProfile))]
[JsonSerializable(typeof(EventsTaken))]
[JsonSerializable(typeof(CustomerWanted))]
[JsonSerializable(typeof(CustomerFound))]
[JsonSerializable(typeof(QuarantinedRecord))]
[JsonSerializable(typeof(QuarantineList))]
[JsonSerializable(typeof(QuarantineBody))]
[JsonSerializable(typeof(IReadOnlyList<Reason>))]
internal sealed partial class ProfileJson : JsonSerializerContext;
