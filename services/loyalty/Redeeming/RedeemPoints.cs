using System.Security.Cryptography;
using System.Text;
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

internal sealed record IdempotencyKeyReused : Refusal
{
    public override string Code => "idempotency-key-reused";

    public override string Detail => "The idempotency key belongs to another redemption of this customer. Use a new key for a new redemption.";
}

/// <summary>Points are spent, from the lots that expire first.</summary>
internal static class RedeemPoints
{
    public const long PointsMax = 1_000_000_000;
    public const int ReasonCharsMax = 64;

    public static Command Command(Guid customer, RedemptionId id, long points, string reason, DateTimeOffset now) =>
        Ledger.Kind.Command(customer, customer, ledger => Decide(ledger, id, points, reason, now)) with { IdempotencyKey = id.Value };

    public static Decision Decide(Ledger ledger, RedemptionId id, long points, string reason, DateTimeOffset now)
    {
        if (points is < 1 or > PointsMax)
            return new PointsOutOfRange(points);
        if (!IsCode(reason))
            return new ReasonNotACode();
        if (ledger.Tier is null)
            return new NoLedger();

        // A lot past its cut-off is gone for the member, even where its timer has not run yet.
        var good = ledger.Lots.Where(lot => lot.ExpiresAt > now).ToList();
        var available = ledger.Spendable(now);
        if (available < points)
            return new NotEnoughPoints(available, points);

        var uses = new List<LotUse>();
        var missing = points;
        foreach (var lot in good.TakeWhile(_ => missing > 0))
        {
            uses.Add(new(lot.Sequence, Math.Min(missing, lot.Points), lot.Home));
            missing -= uses[^1].Points;
        }

        var emptied = uses.Where(use => good.First(lot => lot.Key == (use.Home, use.Lot)).Points == use.Points).Select(use => (use.Home, use.Lot)).ToHashSet();
        var next = ledger.Lots.Where(lot => !emptied.Contains(lot.Key)).Select(lot => (DateTimeOffset?)lot.ExpiresAt).FirstOrDefault();
        return new PointsRedeemed(id, now, points, reason, uses, ledger.Balance - points, next);
    }

    /// <summary>The same for the same customer and key for ever.</summary>
    public static RedemptionId IdFor(Guid customer, string idempotencyKey) =>
        new(new Guid(SHA256.HashData(Encoding.UTF8.GetBytes($"redemption/{customer:D}/{idempotencyKey}")).AsSpan(0, 16)));

    private static bool IsCode(string? reason) => reason is { Length: >= 1 and <= ReasonCharsMax } && reason.All(
        letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-');
}
