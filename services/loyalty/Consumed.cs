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
    public static Subscription Profile(Programme programme) => new Subscription(new Topic(Topics.Profile))
        .On(PurchaseRecorded.Parser, (recorded, context) => From(recorded, context, programme))
        .Ignore<CustomerRegistered>()
        .Ignore<ConsentChanged>()
        .Ignore<OptInRequested>()
        .Ignore<BehaviourRecorded>()
        .Ignore<MergedAway>()
        .Ignore<Absorbed>()
        .Ignore<SplitOff>()
        .Ignore<GaveBack>()
        .Ignore<CustomerErased>();

    internal static IEnumerable<Command> From(PurchaseRecorded recorded, FactContext context, Programme programme)
    {
        // Nobody was named, so nobody can be given points.
        if (recorded.Anonymous)
            return [];

        var purchase = new Purchase(
            new(Guid.Parse(recorded.PurchaseId)), recorded.OccurredAt.ToDateTimeOffset(), recorded.Currency, Lines(recorded, LineKind.Sale),
            Lines(recorded, LineKind.Return));
        return purchase.Sales.Count + purchase.Returns.Count == 0
            ? []
            : [RecordPurchase.Command(context.Customer, purchase, programme, context.Envelope.Time) with { Metadata = context.Metadata }];
    }

    private static PurchaseLine[] Lines(PurchaseRecorded recorded, LineKind kind) =>
        [.. recorded.Lines.Where(line => line.Kind == kind).Select(line => new PurchaseLine(line.Product, line.Quantity, line.AmountMinor))];
}
