using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Loyalty;

/// <summary>Source-generated JSON of events, state, the programme and what endpoints take and answer.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MemberEnrolled))]
[JsonSerializable(typeof(PointsEarned))]
[JsonSerializable(typeof(PointsReversed))]
[JsonSerializable(typeof(ReturnUnmatched))]
[JsonSerializable(typeof(PointsRedeemed))]
[JsonSerializable(typeof(PointsExpired))]
[JsonSerializable(typeof(TierChanged))]
[JsonSerializable(typeof(TierKept))]
[JsonSerializable(typeof(TierGraceGiven))]
[JsonSerializable(typeof(LedgerClosed))]
[JsonSerializable(typeof(LedgerAbsorbed))]
[JsonSerializable(typeof(LedgerGivenBack))]
[JsonSerializable(typeof(LedgerReopened))]
[JsonSerializable(typeof(Ledger))]
[JsonSerializable(typeof(ProgrammeShown))]
[JsonSerializable(typeof(ProgrammeChecked))]
[JsonSerializable(typeof(BacktestTally))]
[JsonSerializable(typeof(IReadOnlyList<BacktestShown>))]
[JsonSerializable(typeof(IReadOnlyList<VersionShown>))]
[JsonSerializable(typeof(CustomerLedger))]
[JsonSerializable(typeof(RedemptionRequest))]
[JsonSerializable(typeof(RedemptionAnswer))]
internal sealed partial class LoyaltyJson : JsonSerializerContext;
