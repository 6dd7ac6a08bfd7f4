using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

internal sealed record NotEnoughPoints(long Available, long Requested) : Refusal
{
    public override string Code => "not-enough-points";

    public override string Detail => $"{Requested} points were asked for and {Available} are available. Ask for at most {Available}.";
}

internal sealed record NoLedger : Refusal
{
    public override string Code => "no-ledger";

    public override string Detail => "The customer has no points ledger; the first purchase opens one.";
}

internal sealed record PointsOutOfRange(long Requested) : Refusal
{
    public override string Code => "points-out-of-range";

    public override string Detail => $"Points must be 1 to {RedeemPoints.PointsMax}, not {Requested}.";
}

internal sealed record ReasonNotACode : Refusal
{
    public override string Code => "reason-not-a-code";

    public override string Detail =>
        $"The reason must be a code of 1 to {RedeemPoints.ReasonCharsMax} lower-case letters, digits and hyphens, such as voucher-5-gbp.";
}

internal sealed record TimeOutOfRange(DateTimeOffset At, DateTimeOffset Now) : Refusal
{
    public override string Code => "time-out-of-range";

    public override string Detail =>
        $"It is said to have happened at {At:O}, and business time is {Now:O}. A till may be {RedeemPoints.AheadMax.TotalMinutes} minutes ahead "
        + $"and {RedeemPoints.LateMax.TotalDays} days late; correct its clock, or settle what is older by hand.";
}

internal sealed record ConflictPolicyUnknown : Refusal
{
    public override string Code => "conflict-policy-unknown";

    public override string Detail => $"onConflict must be {RedeemPoints.Refuse} or {RedeemPoints.AcceptIntoClawback}.";
}

internal sealed record RedemptionNotFound : Refusal
{
    public override string Code => "redemption-not-found";

    public override string Detail => "The customer has no redemption with this id; use the id that the redemption or the confirmed hold was answered with.";
}

internal sealed record RefundTooLarge(long Left, long Requested) : Refusal
{
    public override string Code => "refund-too-large";

    public override string Detail => $"{Requested} points were to be given back and {Left} of the redemption are left. Give back at most {Left}.";
}
