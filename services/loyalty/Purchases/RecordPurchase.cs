using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>What loyalty needs of a purchase: goods sold and goods given back. Fees and adjustments neither earn nor return.</summary>
internal sealed record Purchase(
    PurchaseId Id, DateTimeOffset OccurredAt, string Currency, IReadOnlyList<PurchaseLine> Sales, IReadOnlyList<PurchaseLine> Returns)
{
    /// <summary>Whose identifier was used, where that customer is merged into the ledger's; otherwise null.</summary>
    public Guid? Origin { get; init; }

    /// <summary>See <see cref="Receipts"/>.</summary>
    public Guid? Receipt { get; init; }

    /// <summary>The one purchase that the returns are from, by its id or its receipt; null where the touchpoint did not say.</summary>
    public Guid? ReturnsOf { get; init; }

    /// <summary>Such as <c>pos</c>; null where nobody said.</summary>
    public string? Channel { get; init; }

    public string? Store { get; init; }

    /// <summary>The purchase of a customer as the ledger sees it that it comes to.</summary>
    public Purchase Seen(Guid customer, Guid owner) => this with { Origin = customer == owner ? null : customer };
}

/// <param name="Category">A path of codes from the widest, such as <c>women/shoes</c>; null where the catalogue did not know.</param>
internal readonly record struct PurchaseLine(string Product, int Quantity, long AmountMinor, string? Category = null, string? Brand = null);

/// <summary>A purchase is booked: sales earn, open returns claim what they were waiting for, returns take back, the tier may rise.</summary>
internal static class RecordPurchase
{
    public static Command Command(Guid customer, Purchase purchase, ProgrammeVersions versions, DateTimeOffset now) => purchase.Returns.Count == 0
        ? Ledger.Kind.Command(customer, customer, (ledger, owner) => Decide(ledger, [], purchase.Seen(customer, owner), versions, now))
        : Ledger.Kind.CommandWithHistory(
            customer, customer,
            (ledger, owner, history) => Decide(ledger, Booked.Of(owner, history), purchase.Seen(customer, owner), versions, now));

    /// <param name="history">What was booked so far, also for merged customers; may be empty where the purchase has no returns.</param>
    /// <param name="versions">The version of the day of the purchase says what it earns, that of the booking what tier it leads to.</param>
    /// <param name="now">Business time.</param>
    public static Decision Decide(
        Ledger ledger, IReadOnlyList<Booked> history, Purchase purchase, ProgrammeVersions versions, DateTimeOffset now)
    {
        if (purchase.Sales.Count == 0 && purchase.Returns.Count == 0)
            return Decision.Nothing;

        var booking = new Booking(ledger);
        if (ledger.Tier is null)
            booking.Add(new MemberEnrolled(now, versions.At(now).Tiers[0].Name));
        if (purchase.Sales.Count > 0)
        {
            var earned = Earn(booking.Ledger, purchase, versions.At(purchase.OccurredAt), now);
            booking.Add(earned);
            ReturnGoods.Claim(booking, earned);
        }

        if (purchase.Returns.Count > 0)
            ReturnGoods.Match(booking, history, purchase);
        ReviewTier.Upgrade(booking, versions.At(now), now);
        return booking.Decide();
    }

    public static PointsEarned Earn(Ledger ledger, Purchase purchase, Programme programme, DateTimeOffset now)
    {
        var tier = ledger.Tier!;
        var earned = EarnPoints.Of(programme, purchase, tier, ledger.Caps);
        var settled = Math.Min(earned.Points, ledger.Clawback);
        var expires = programme.ExpiryOf(purchase.OccurredAt);
        var kept = earned.Points - settled;
        var earlier = kept > 0 && (ledger.Lots.Count == 0 || expires < ledger.Lots[0].ExpiresAt);
        var available = kept > 0 ? programme.AvailableFrom(purchase.OccurredAt, now) : null;
        var month = programme.MonthOf(purchase.OccurredAt);
        var spendCounts = purchase.Currency == programme.TierCurrency;
        return new(
            purchase.Id, purchase.OccurredAt, programme.Version, tier, purchase.Currency, spendCounts ? month : 0, earned.Points, settled,
            Lot: kept > 0 ? ledger.LotsMade + 1 : 0, expires, [.. purchase.Sales.Select((sale, i) => Line(sale, earned.Lines[i]))],
            checked(ledger.Balance + kept), NextExpiry: earlier ? expires : null, purchase.Origin, spendCounts ? null : month, purchase.Channel, purchase.Store,
            earned.Given.Count == 0 ? null : earned.Given, earned.Cut == 0 ? null : earned.Cut, earned.Counted.Count == 0 ? null : earned.Counted,
            available, NextRelease: ledger.NextRelease <= available ? null : available, purchase.Receipt);
    }

    private static EarnedLine Line(PurchaseLine sale, long points) =>
        new(sale.Product, sale.Quantity, Math.Max(0, sale.AmountMinor), points, sale.Category, sale.Brand);
}
