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
    public static Subscription Profile(Func<ProgrammeVersions> versions, CouponBook book) => new Subscription(new Topic(Topics.Profile))
        .On(PurchaseRecorded.Parser, (recorded, context) => From(recorded, context, versions(), book.Known))
        .On(BirthdayReached.Parser, (reached, context) => [GiveBirthday.Command(context.Customer, reached.Year, versions(), context.Envelope.Time)])
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

    internal static IEnumerable<Command> From(
        PurchaseRecorded recorded, FactContext context, ProgrammeVersions versions, BookContent? book = null)
    {
        // Nobody was named, so nobody can be given points.
        if (recorded.Anonymous)
            return [];

        // Whose identifier was used, so that it comes to the right ledger whatever was merged or split meanwhile.
        var customer = recorded.Origin.Length == 0 ? context.Customer : Guid.ParseExact(recorded.Origin, "D");
        var purchase = new Purchase(
            new(Guid.Parse(recorded.PurchaseId)), recorded.OccurredAt.ToDateTimeOffset(), recorded.Currency, Lines(recorded, LineKind.Sale),
            Lines(recorded, LineKind.Return))
        {
            Receipt = Receipts.KeyOf(recorded.Source, recorded.Receipt),
            ReturnsOf = recorded.ReturnedPurchaseId.Length > 0
                ? Guid.ParseExact(recorded.ReturnedPurchaseId, "D")
                : Receipts.KeyOf(recorded.ReturnedSource, recorded.ReturnedReceipt),
            Channel = recorded.Channel switch
            {
                Channel.Pos => "pos",
                Channel.Eshop => "eshop",
                _ => null,
            },
            Store = recorded.Store.Length == 0 ? null : recorded.Store,
        };
        return purchase.Sales.Count + purchase.Returns.Count == 0
            ? []
            :
            [
                RecordPurchase.Command(customer, purchase, versions, context.Envelope.Time) with { Metadata = context.Metadata },
                .. AdvanceOffers.Commands(customer, purchase, book ?? BookContent.Empty, context.Envelope.Time),
                .. JudgeReferral.Commands(customer, purchase, book ?? BookContent.Empty, context.Envelope.Time),
            ];
    }

    private static PurchaseLine[] Lines(PurchaseRecorded recorded, LineKind kind)
    {
        var products = recorded.Products.Count == 0
            ? null
            : recorded.Products.DistinctBy(known => known.Product).ToDictionary(known => known.Product);
        return [.. recorded.Lines.Where(line => line.Kind == kind).Select(Line)];

        PurchaseLine Line(Line line)
        {
            var known = products?.GetValueOrDefault(line.Product);
            return new(line.Product, line.Quantity, line.AmountMinor, Told(known?.Category), Told(known?.Brand));
        }
    }

    private static string? Told(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
