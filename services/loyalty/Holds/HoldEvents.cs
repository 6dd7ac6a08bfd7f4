using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>Points are promised to a till: they leave their lots, keep their expiry, and nobody else can spend them.</summary>
/// <param name="Until">From then on they are not promised any more.</param>
/// <param name="Reason">A code, as in <see cref="PointsRedeemed"/>, which it becomes.</param>
/// <param name="Balance">Lots and holds: as before.</param>
/// <param name="Available">What could still be spent after this.</param>
/// <param name="ExpiryMoved">The earliest lot is gone, so that <paramref name="NextExpiry"/> counts.</param>
/// <param name="NextExpiry">The earliest remaining lot's expiry; null when no lot is left.</param>
/// <param name="Timer">When the ledger's holds are to be looked at; null where that is set already.</param>
/// <param name="Partner">As in <see cref="PointsRedeemed"/>, like <paramref name="Body"/>.</param>
[EventName("loyalty.points-reserved.v1")]
internal sealed record PointsReserved(
    HoldId Hold, DateTimeOffset At, DateTimeOffset Until, long Points, string Reason, IReadOnlyList<LotUse> Lots, long Balance, long Available,
    bool ExpiryMoved, DateTimeOffset? NextExpiry, DateTimeOffset? Timer, string? Partner = null, string? Body = null) : DomainEvent;

/// <summary>Held points went back to their lots.</summary>
/// <param name="Why">One of <see cref="ReleaseHold.Cancelled"/> and its neighbours.</param>
/// <param name="NextExpiry">The earliest lot's expiry; null where there is none.</param>
[EventName("loyalty.hold-released.v1")]
internal sealed record HoldReleased(
    HoldId Hold, DateTimeOffset At, string Why, long Points, IReadOnlyList<LotUse> Lots, long Balance, DateTimeOffset? NextExpiry) : DomainEvent;

/// <summary>Holds that are still good are looked at next when the first of them ends.</summary>
[EventName("loyalty.hold-timer-set.v1")]
internal sealed record HoldTimerSet(DateTimeOffset Due) : DomainEvent;

/// <summary>Points that are promised to a till.</summary>
/// <param name="Asked">How many were promised. After an unmerge a part of them may be held in another ledger.</param>
/// <param name="Lots">What is held, the earliest expiry first.</param>
internal sealed record Hold(HoldId Id, DateTimeOffset Until, long Asked, string Reason, IReadOnlyList<LotUse> Lots, string? Partner = null)
{
    [System.Text.Json.Serialization.JsonIgnore]
    public long Points => Lots.Sum(use => use.Points);

    public static Hold Of(PointsReserved reserved) =>
        new(reserved.Hold, reserved.Until, reserved.Points, reserved.Reason, reserved.Lots, reserved.Partner);

    /// <summary>What is still held after these points of one hold went elsewhere.</summary>
    public static IReadOnlyList<Hold> Less(IReadOnlyList<Hold> holds, HoldId id, IReadOnlyList<LotUse> uses) =>
        [.. holds.Select(hold => hold.Id == id ? hold.Less(uses) : hold).Where(hold => hold.Lots.Count > 0)];

    /// <summary>The part of the hold whose points meet a condition, as another ledger names them.</summary>
    public Hold Part(Func<LotUse, bool> condition, Func<LotUse, LotUse> named) => this with { Lots = [.. Lots.Where(condition).Select(named)] };

    private Hold Less(IReadOnlyList<LotUse> gone) => Part(
        use => Left(use, gone) > 0, use => use with { Points = Left(use, gone) });

    private static long Left(LotUse held, IReadOnlyList<LotUse> gone) =>
        held.Points - gone.Where(use => use.Key == held.Key && use.ExpiresAt == held.ExpiresAt).Sum(use => use.Points);
}
