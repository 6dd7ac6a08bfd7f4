using System.Text.Json.Serialization;
using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

[EventName("loyalty.member-enrolled.v1")]
internal sealed record MemberEnrolled(DateTimeOffset At, string Tier) : DomainEvent;

/// <summary>
/// The sale lines of a purchase earned points. Also recorded for 0 points, since a later return must find the pieces.
/// </summary>
/// <param name="OccurredAt">When the purchase happened, by the touchpoint.</param>
/// <param name="Programme">The version of the programme that applied.</param>
/// <param name="Tier">The tier whose multiplier applied: the one before this purchase.</param>
/// <param name="Month">The month that the spend counts in, as yyyymm in the programme's zone; 0 where the currency does not count.</param>
/// <param name="Points">All points earned; the sum over the lines.</param>
/// <param name="Settled">How many of them went to repay clawback; the others form the lot.</param>
/// <param name="Lot">The new lot's sequence, from 1; 0 when there is nothing to put into one.</param>
/// <param name="Balance">After this event, like in every other event.</param>
/// <param name="NextExpiry">The earliest lot's expiry where this event made it earlier, otherwise null.</param>
/// <param name="Origin">Whose identifier was used, where that customer is merged into the ledger's; otherwise null.</param>
/// <param name="CountsIn">The month in which points and the visit count for tiers, where the spend does not count in it.</param>
/// <param name="Channel">Such as <c>pos</c>; null where nobody said.</param>
/// <param name="Given">What each rule of the programme gave beyond rate and tier; null where none did.</param>
/// <param name="Cut">Points that the programme's caps took away; null for none.</param>
/// <param name="Counted">What counts against caps of days and months; null where there are none.</param>
/// <param name="AvailableAt">When the lot may be redeemed; null for at once.</param>
/// <param name="NextRelease">The earliest pending lot's time where this event made it earlier, otherwise null.</param>
/// <param name="Receipt">The receipt as returns name it, see <see cref="Receipts"/>; null where it has none.</param>
[EventName("loyalty.points-earned.v1")]
internal sealed record PointsEarned(
    PurchaseId Purchase, DateTimeOffset OccurredAt, int Programme, string Tier, string Currency, int Month, long Points, long Settled,
    int Lot, DateTimeOffset ExpiresAt, IReadOnlyList<EarnedLine> Lines, long Balance, DateTimeOffset? NextExpiry, Guid? Origin = null,
    int? CountsIn = null, string? Channel = null, string? Store = null, IReadOnlyList<RulePoints>? Given = null, long? Cut = null,
    IReadOnlyList<CapUse>? Counted = null, DateTimeOffset? AvailableAt = null, DateTimeOffset? NextRelease = null, Guid? Receipt = null) : DomainEvent;

/// <summary>A sale line. Its place in the list is its number, from 0.</summary>
/// <param name="Category">As the catalogue knew it when the purchase was recorded; null where it did not.</param>
internal readonly record struct EarnedLine(
    string Product, int Quantity, long AmountMinor, long Points, string? Category = null, string? Brand = null);

/// <summary>Pieces came back: exactly the points that they had earned are taken back.</summary>
/// <param name="Return">The document that brought the pieces back.</param>
/// <param name="Claimed">The return was known before its purchase and open until now.</param>
/// <param name="Points">All points taken back; the sum over the lines.</param>
/// <param name="Lots">Where they were taken from: first the lot that they were earned in, then others, the earliest expiry first.</param>
/// <param name="Clawback">What no lot could give, because it was spent or had expired: owed from what is earned next.</param>
/// <param name="NextExpiry">The earliest remaining lot's expiry; null when no lot is left.</param>
/// <param name="Origin">Of the purchases that the pieces are from: the same for all, as in <see cref="PointsEarned"/>.</param>
/// <param name="At">When the pieces came back, by the touchpoint.</param>
[EventName("loyalty.points-reversed.v1")]
internal sealed record PointsReversed(
    PurchaseId Return, bool Claimed, long Points, IReadOnlyList<LotUse> Lots, long Clawback, IReadOnlyList<ReversedLine> Lines, long Balance,
    DateTimeOffset? NextExpiry, Guid? Origin = null, DateTimeOffset? At = null) : DomainEvent;

/// <summary>Pieces of one line of a purchase. <paramref name="Month"/> is that of the purchase, whose spend shrinks by the amount.</summary>
/// <param name="CountsIn">See <see cref="PointsEarned"/>.</param>
internal readonly record struct ReversedLine(
    PurchaseId Purchase, int Line, string Product, int Quantity, long AmountMinor, int Month, long Points, int? CountsIn = null);

/// <summary>Points of one lot, with what is needed to give them back as they were.</summary>
/// <param name="Home">See <see cref="Lot"/>, like <paramref name="Origin"/>.</param>
/// <param name="ExpiresAt">The lot's; null in events from before it was kept.</param>
/// <param name="Pending">They could not be redeemed yet.</param>
internal readonly record struct LotUse(
    int Lot, long Points, Guid? Home = null, DateTimeOffset? ExpiresAt = null, Guid? Origin = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Pending = false)
{
    [JsonIgnore]
    public (Guid? Home, int Sequence) Key => (Home, Lot);
}

/// <summary>Pieces came back that match no purchase known so far; they stay open until a purchase from before the return arrives.</summary>
/// <param name="Of">The one purchase that may claim them, by its id or its receipt; null for any.</param>
[EventName("loyalty.return-unmatched.v1")]
internal sealed record ReturnUnmatched(
    PurchaseId Return, DateTimeOffset OccurredAt, string Product, int Quantity, Guid? Origin = null, Guid? Of = null) : DomainEvent;

/// <param name="At">When the points were spent; a till that was offline tells it later.</param>
/// <param name="Reason">A code such as <c>voucher-5-gbp</c>, never free text.</param>
/// <param name="Lots">What they were taken from: lots, or the hold.</param>
/// <param name="NextExpiry">The earliest remaining lot's expiry; null when no lot is left.</param>
/// <param name="Hold">Which confirmed hold they had been reserved by.</param>
/// <param name="Partner">Who gave something for them and is to be paid; null for the brand itself.</param>
/// <param name="Clawback">What no lot could give, where the till had been promised that it would be owed.</param>
/// <param name="Body">See <see cref="Idempotency"/>.</param>
[EventName("loyalty.points-redeemed.v1")]
internal sealed record PointsRedeemed(
    RedemptionId Redemption, DateTimeOffset At, long Points, string Reason, IReadOnlyList<LotUse> Lots, long Balance, DateTimeOffset? NextExpiry,
    HoldId? Hold = null, string? Partner = null, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Clawback = 0,
    string? Body = null) : DomainEvent;

/// <param name="CutOff">The moment up to which lots expired.</param>
/// <param name="NextExpiry">The earliest remaining lot's expiry; null when no lot is left.</param>
[EventName("loyalty.points-expired.v1")]
internal sealed record PointsExpired(
    DateTimeOffset CutOff, long Points, IReadOnlyList<LotUse> Lots, long Balance, DateTimeOffset? NextExpiry) : DomainEvent;
