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
[JsonSerializable(typeof(CustomerMergedAway))]
[JsonSerializable(typeof(CustomerAbsorbed))]
[JsonSerializable(typeof(CustomerSplitOff))]
[JsonSerializable(typeof(CustomerGaveBack))]
[JsonSerializable(typeof(CustomersKeptApart))]
[JsonSerializable(typeof(ConsentForgotten))]
[JsonSerializable(typeof(CustomerProfile))]
[JsonSerializable(typeof(EventsTaken))]
[JsonSerializable(typeof(CustomerView))]
[JsonSerializable(typeof(CustomerWanted))]
[JsonSerializable(typeof(CustomerFound))]
[JsonSerializable(typeof(MergeRequest))]
[JsonSerializable(typeof(UndoRequest))]
[JsonSerializable(typeof(MergeAnswer))]
[JsonSerializable(typeof(MergePreview))]
[JsonSerializable(typeof(ConflictList))]
[JsonSerializable(typeof(ConflictDecision))]
[JsonSerializable(typeof(QuarantinedRecord))]
[JsonSerializable(typeof(QuarantineList))]
[JsonSerializable(typeof(QuarantineBody))]
[JsonSerializable(typeof(IReadOnlyList<Reason>))]
internal sealed partial class ProfileJson : JsonSerializerContext;
