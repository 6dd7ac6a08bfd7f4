using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>What the facts of other services mean for ledgers.</summary>
internal static class Consumed
{
    public static Subscription Profile(Programme programme, CouponBook book) => new Subscription(new Topic(Topics.Profile))
        .On(PurchaseRecorded.Parser, (recorded, context) => From(recorded, context, programme, book.Known))
        .Ignore<CustomerRegistered>()
        .Ignore<ConsentChanged>()
        .Ignore<OptInRequested>()
        .Ignore<BehaviourRecorded>()
        .Follow(MergedAway.Parser, (fact, context) => context.MergedInto(fact.Into, fact.LinkId, fact.Version))
        .Follow(SplitOff.Parser, (fact, context) => context.SplitFrom(fact.From, fact.LinkId, fact.Version))
        .Ignore<Absorbed>()
        .Ignore<GaveBack>()
        .Erases(CustomerErased.Parser, (_, context) =>
        [
            CloseLedger.Command(context.Customer, context.Envelope.Time), MergeWallets.Empty(context.Customer, context.Envelope.Time),
        ]);

    internal static IEnumerable<Command> From(PurchaseRecorded recorded, FactContext context, Programme programme, BookContent? book = null)
    {
        // Nobody was named, so nobody can be given points.
        if (recorded.Anonymous)
            return [];

        // Whose identifier was used, so that it comes to the right ledger whatever was merged or split meanwhile.
        var customer = recorded.Origin.Length == 0 ? context.Customer : Guid.ParseExact(recorded.Origin, "D");
        var purchase = new Purchase(
            new(Guid.Parse(recorded.PurchaseId)), recorded.OccurredAt.ToDateTimeOffset(), recorded.Currency, Lines(recorded, LineKind.Sale),
            Lines(recorded, LineKind.Return));
        return purchase.Sales.Count + purchase.Returns.Count == 0
            ? []
            :
            [
                RecordPurchase.Command(customer, purchase, programme, context.Envelope.Time) with { Metadata = context.Metadata },
                .. AdvanceOffers.Commands(customer, purchase, book ?? BookContent.Empty, context.Envelope.Time),
                .. JudgeReferral.Commands(customer, purchase, book ?? BookContent.Empty),
            ];
    }

    private static PurchaseLine[] Lines(PurchaseRecorded recorded, LineKind kind) =>
        [.. recorded.Lines.Where(line => line.Kind == kind).Select(line => new PurchaseLine(line.Product, line.Quantity, line.AmountMinor))];
}
