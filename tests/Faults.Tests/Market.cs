using System.Text.Json.Serialization;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Faults.Tests;

[EventName("market.sold.v1")]
internal sealed record Sold(int Amount) : DomainEvent;

[EventName("market.counted.v1")]
internal sealed record Counted(int Amount) : DomainEvent;

[EventName("market.settled.v1")]
internal sealed record Settled(int Total) : DomainEvent;

internal sealed record Till(int Total, int Sales)
{
    public static readonly StreamKind<Till> Kind = new("till", new Till(0, 0), Evolve, MarketJson.Default.Till);

    private static Till Evolve(Till till, DomainEvent happened) => happened switch
    {
        Sold sold => new Till(till.Total + sold.Amount, till.Sales + 1),
        Counted counted => new Till(till.Total + counted.Amount, till.Sales + 1),
        _ => till,
    };
}

[JsonSerializable(typeof(Sold))]
[JsonSerializable(typeof(Counted))]
[JsonSerializable(typeof(Settled))]
[JsonSerializable(typeof(Till))]
internal sealed partial class MarketJson : JsonSerializerContext;

/// <summary>
/// Three services in a row: the shop sells (commands, events, facts), the counter counts what was sold (facts, commands, events, rows,
/// timers, own facts), and the auditor writes down what was counted (facts, rows). <see cref="Books"/> compares them.
/// </summary>
internal static class Market
{
    public const string Shop = "shop";
    public const string Counter = "counter";
    public const string Auditor = "auditor";

    /// <summary>An amount that the counter's handler cannot read.</summary>
    public const int Unreadable = 13;

    /// <summary>An amount whose row the database refuses to the shop.</summary>
    public const int RefusedToShop = 999;

    /// <summary>An amount whose row the database refuses to the counter.</summary>
    public const int RefusedToCounter = 998;

    public static readonly Topic Sales = new("faults.sales");
    public static readonly Topic Counts = new("faults.counts");

    private static readonly EventTypes Events = new(MarketJson.Default, typeof(Sold), typeof(Counted), typeof(Settled));

    /// <summary>Sells for any amount; amounts tell sales apart, so give each its own.</summary>
    public static Command Sell(Guid customer, int amount) => Till.Kind.Command(customer, customer, _ => new Sold(amount));

    public static void Add(WebApplicationBuilder builder, string service, TimeSpan settleAfter = default) =>
        builder.AddPatronService(service, _ => service switch
        {
            Shop => ShopDefinition(),
            Counter => CounterDefinition(settleAfter),
            Auditor => AuditorDefinition(),
            _ => throw new ArgumentOutOfRangeException(nameof(service), service, "There are shop, counter and auditor."),
        });

    public static ServiceDefinition ShopDefinition() => new()
    {
        Name = Shop,
        Events = Events,
        Streams = [Till.Kind],
        Views = [new SalesView()],
        Migrations = [Receipts.Migration(RefusedToShop)],
        Publications = [new Publication(Sales, e => e.Event is Sold sold ? new Int32Value { Value = sold.Amount } : null)],
    };

    /// <param name="settleAfter">Business time from counting to settling.</param>
    public static ServiceDefinition CounterDefinition(TimeSpan settleAfter) => new()
    {
        Name = Counter,
        Events = Events,
        Streams = [Till.Kind],
        Migrations = [Receipts.Migration(RefusedToCounter)],
        Subscriptions = [new Subscription(Sales).Writes(new Receipts()).On(Int32Value.Parser, Count)],
        Publications = [new Publication(Counts, e => e.Event is Counted counted ? new Int32Value { Value = counted.Amount } : null)],
        Timers = e => e.Event is Counted ? [TimerChange.Set("settle", e.Time + settleAfter)] : [],
        OnDue = due => [Till.Kind.Command(due.Stream, due.Customer, till => new Settled(till.Total))],
    };

    public static ServiceDefinition AuditorDefinition() => new()
    {
        Name = Auditor,
        Events = Events,
        Streams = [Till.Kind],
        Migrations = [Receipts.Migration(0)],
        Subscriptions = [new Subscription(Counts).Writes(new Receipts()).On(Int32Value.Parser, (_, _) => [])],
    };

    private static IEnumerable<Command> Count(Int32Value sold, FactContext context)
    {
        if (sold.Value == Unreadable)
            throw new InvalidDataException($"{Unreadable} cannot be read.");
        return [Till.Kind.Command(context.Customer, context.Customer, _ => new Counted(sold.Value))];
    }
}

/// <summary>A row for every fact that was applied, in order, without anything that would hide a second one.</summary>
internal sealed class Receipts : IBatchEffect
{
    /// <param name="refused">An amount that the table does not take.</param>
    public static Migration Migration(int refused) => new("receipts", $"""
        create table receipts (
          id bigint generated always as identity primary key,
          customer uuid not null,
          amount int not null check (amount <> {refused}))
        """);

    public void Apply(IReadOnlyList<ConsumedFact> facts, NpgsqlBatch transaction) => Write(
        transaction, facts.Select(f => f.Context.Customer), facts.Select(f => Int32Value.Parser.ParseFrom(f.Value!.Value.Span).Value));

    public static void Write(NpgsqlBatch transaction, IEnumerable<Guid> customers, IEnumerable<int> amounts) => Statements.Add(
        transaction,
        """
        insert into receipts (customer, amount)
        select u.customer, u.amount from unnest($1::uuid[], $2::int[]) with ordinality u (customer, amount, place) order by u.place
        """,
        Statements.Uuids(customers),
        Statements.Ints(amounts));
}

/// <summary>The same rows from the shop's own events, as an inline view.</summary>
internal sealed class SalesView : IInlineView
{
    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        var sold = events.Where(e => e.Event is Sold).ToList();
        if (sold.Count > 0)
            Receipts.Write(transaction, sold.Select(e => e.Customer), sold.Select(e => ((Sold)e.Event).Amount));
    }
}
