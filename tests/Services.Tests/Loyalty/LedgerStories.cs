using NUnit.Framework;
using Patron.Loyalty;
using Patron.Runtime.EventStore;

namespace Patron.Services.Tests.Loyalty;

/// <summary>The words in which the ledger's tests speak.</summary>
internal static class LedgerStories
{
    public static readonly Guid Anna = new("a0000000-0000-4000-8000-000000000001");
    public static readonly Programme Demo = Programme.Load(null);
    public static readonly DateTimeOffset March1 = new(2011, 3, 1, 10, 0, 0, TimeSpan.Zero);

    public static Given<Ledger> Nobody => GivenWhenThen.Given(Ledger.Kind);

    public static PurchaseId Receipt(int number) => new(new Guid(number, 0, 0, new byte[8]));

    public static PurchaseLine Line(string product, int quantity, long amountMinor) => new(product, quantity, amountMinor);

    public static Func<Ledger, IReadOnlyList<DomainEvent>, Decision> Buy(int receipt, DateTimeOffset at, params PurchaseLine[] lines) =>
        Record(new(Receipt(receipt), at, "GBP", lines, []));

    public static Func<Ledger, IReadOnlyList<DomainEvent>, Decision> Return(int receipt, DateTimeOffset at, string product, int quantity) =>
        Record(new(Receipt(receipt), at, "GBP", [], [Line(product, quantity, 0)]));

    public static Func<Ledger, IReadOnlyList<DomainEvent>, Decision> Record(Purchase purchase, Programme? programme = null) =>
        (ledger, history) => RecordPurchase.Decide(ledger, Booked.Own(history), purchase, programme ?? Demo, purchase.OccurredAt);

    public static Func<Ledger, IReadOnlyList<DomainEvent>, Decision> Redeem(long points, DateTimeOffset at, string reason = "voucher") =>
        (ledger, _) => RedeemPoints.Decide(ledger, RedeemPoints.IdFor(Anna, "k"), points, reason, at);

    public static Func<Ledger, IReadOnlyList<DomainEvent>, Decision> Expire(DateTimeOffset cutOff) => (ledger, _) => ExpirePoints.Decide(ledger, cutOff);

    public static Func<Ledger, IReadOnlyList<DomainEvent>, Decision> Review(DateTimeOffset due) => (ledger, _) => ReviewTier.Decide(ledger, Demo, due);

    public static void AssertHolds(Given<Ledger> given, long balance, long clawback = 0) =>
        Assert.That((given.State.Balance, given.State.Clawback), Is.EqualTo((balance, clawback)), "(balance, clawback)");
}
