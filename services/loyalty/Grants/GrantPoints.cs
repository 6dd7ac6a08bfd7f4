using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>Points were given for something else than a purchase: by a partner who pays for them, as a referral's reward, as goodwill.</summary>
/// <param name="Settled">How many of them went to repay clawback, as in <see cref="PointsEarned"/>, like <paramref name="Lot"/>.</param>
/// <param name="NextExpiry">The earliest lot's expiry where this event made it earlier, otherwise null.</param>
/// <param name="Partner">Who pays for them; null for the brand itself.</param>
/// <param name="Origin">Whom they were given to, where that customer is merged into the ledger's; otherwise null.</param>
[EventName("loyalty.points-granted.v1")]
internal sealed record PointsGranted(
    GrantId Grant, DateTimeOffset At, long Points, long Settled, string Reason, int Lot, DateTimeOffset ExpiresAt, long Balance,
    DateTimeOffset? NextExpiry, string? Partner = null, Guid? Origin = null, string? Body = null) : DomainEvent;

/// <param name="Reason">A code, as in <see cref="Redemption"/>.</param>
internal sealed record Grant(GrantId Id, long Points, string Reason, DateTimeOffset At, string? Partner = null, string? Body = null);

internal static class GrantPoints
{
    /// <summary>Once for the grant's id, which is the idempotency key.</summary>
    public static Command Command(Guid customer, Grant grant, ProgrammeVersions versions, DateTimeOffset now) => Ledger.Kind.Command(
        customer, customer, (ledger, owner) => Decide(ledger, grant, Sharing.Seen(customer, owner), versions.At(grant.At), now)) with
    {
        IdempotencyKey = grant.Id.Value,
    };

    public static Decision Decide(Ledger ledger, Grant grant, Guid? origin, Programme programme, DateTimeOffset now)
    {
        if (RedeemPoints.Fault(ledger, grant.Points, grant.Reason) is { } fault)
            return fault;
        if (grant.At > now + RedeemPoints.AheadMax || grant.At < now - RedeemPoints.LateMax)
            return new TimeOutOfRange(grant.At, now);

        var settled = Math.Min(grant.Points, ledger.Clawback);
        var kept = grant.Points - settled;
        var expires = programme.ExpiryOf(grant.At);
        var earlier = kept > 0 && (ledger.NextExpiry is not { } first || expires < first);
        return new PointsGranted(
            grant.Id, grant.At, grant.Points, settled, grant.Reason, kept > 0 ? ledger.LotsMade + 1 : 0, expires, checked(ledger.Balance + kept),
            earlier ? expires : null, grant.Partner, origin, grant.Body);
    }

    /// <summary>The same for the same customer and key for ever.</summary>
    public static GrantId IdFor(Guid customer, string idempotencyKey) => new(Idempotency.IdFor("grant", customer, idempotencyKey));
}
