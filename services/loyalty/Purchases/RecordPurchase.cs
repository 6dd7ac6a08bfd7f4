using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>What loyalty needs of a purchase: goods sold and goods given back. Fees and adjustments neither earn nor return.</summary>
internal sealed record Purchase(
    PurchaseId Id, DateTimeOffset OccurredAt, string Currency, IReadOnlyList<PurchaseLine> Sales, IReadOnlyList<PurchaseLine> Returns)
{
    /// <summary>Whose identifier was used, where that customer is merged into the ledger's; otherwise null.</summary>
    public Guid? Origin { get; init; }

    /// <summary>The purchase of a customer as the ledger sees it that it comes to.</summary>
    public Purchase Seen(Guid customer, Guid owner) => this with { Origin = customer == owner ? null : customer };
}

internal readonly record struct PurchaseLine(string Product, int Quantity, long AmountMinor);

/// <summary>A purchase is booked: sales earn, open returns claim what they were waiting for, returns take back, the tier may rise.</summary>
internal static class RecordPurchase
{
    public static Command Command(Guid customer, Purchase purchase, Programme programme, DateTimeOffset now) => purchase.Returns.Count == 0
        ? Ledger.Kind.Command(customer, customer, (ledger, owner) => Decide(ledger, [], purchase.Seen(customer, owner), programme, now))
        : Ledger.Kind.CommandWithHistory(
            customer, customer,
            (ledger, owner, history) => Decide(ledger, Booked.Of(owner, history), purchase.Seen(customer, owner), programme, now));

    /// <param name="history">What was booked so far, also for merged customers; may be empty where the purchase has no returns.</param>
    /// <param name="now">Business time.</param>
    public static Decision Decide(Ledger ledger, IReadOnlyList<Booked> history, Purchase purchase, Programme programme, DateTimeOffset now)
    {
        if (purchase.Sales.Count == 0 && purchase.Returns.Count == 0)
            return Decision.Nothing;

        var booking = new Booking(ledger);
        if (ledger.Tier is null)
            booking.Add(new MemberEnrolled(now, programme.Tiers[0].Name));
        if (purchase.Sales.Count > 0)
        {
            var earned = Earn(booking.Ledger, purchase, programme);
            booking.Add(earned);
            ReturnGoods.Claim(booking, earned);
        }

        if (purchase.Returns.Count > 0)
            ReturnGoods.Match(booking, history, purchase);
        ReviewTier.Upgrade(booking, programme, now);
        return booking.Decide();
    }

    private static PointsEarned Earn(Ledger ledger, Purchase purchase, Programme programme)
    {
        var tier = ledger.Tier!;
        var lines = new EarnedLine[purchase.Sales.Count];
        long spent = 0, points = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            var sale = purchase.Sales[i];
            var amount = Math.Max(0, sale.AmountMinor);
            spent = checked(spent + amount);

            // Each line gets what it adds to the rounded total, so that the lines add up to the purchase.
            var total = programme.PointsFor(spent, purchase.Currency, tier);
            lines[i] = new(sale.Product, sale.Quantity, amount, total - points);
            points = total;
        }

        var settled = Math.Min(points, ledger.Clawback);
        var expires = programme.ExpiryOf(purchase.OccurredAt);
        var kept = points - settled;
        var earlier = kept > 0 && (ledger.Lots.Count == 0 || expires < ledger.Lots[0].ExpiresAt);
        return new(
            purchase.Id, purchase.OccurredAt, programme.Version, tier, purchase.Currency,
            Month: purchase.Currency == programme.TierCurrency ? programme.MonthOf(purchase.OccurredAt) : 0,
            points, settled, Lot: kept > 0 ? ledger.LotsMade + 1 : 0, expires, lines, checked(ledger.Balance + kept),
            NextExpiry: earlier ? expires : null, purchase.Origin);
    }
}
