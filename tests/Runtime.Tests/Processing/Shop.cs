using System.Text.Json.Serialization;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;

namespace Patron.Runtime.Tests.Processing;

[EventName("shop.sold.v1")]
internal sealed record Sold(int Amount) : DomainEvent;

[EventName("shop.reminded.v1")]
internal sealed record Reminded(int Total) : DomainEvent;

internal sealed record Till(int Total, int Sales)
{
    public static readonly StreamKind<Till> Kind = new("till", new Till(0, 0), Evolve, ShopJson.Default.Till);

    private static Till Evolve(Till till, DomainEvent happened) =>
        happened is Sold sold ? new Till(till.Total + sold.Amount, till.Sales + 1) : till;
}

internal sealed record TooMuch(int Amount) : Refusal
{
    public override string Code => "too-much";

    public override string Detail => $"{Amount} is more than 1000.";
}

[JsonSerializable(typeof(Sold))]
[JsonSerializable(typeof(Reminded))]
[JsonSerializable(typeof(Till))]
internal sealed partial class ShopJson : JsonSerializerContext;

/// <summary>Two services of the tests' own: a shop that sells and publishes, and a counter that consumes.</summary>
internal static class Shop
{
    public static readonly Topic Topic = new("test.shop");

    public static Command Sell(Guid customer, int amount) => Till.Kind.Command(
        customer, customer, _ => amount > 1000 ? new TooMuch(amount) : new Sold(amount));

    /// <param name="remindingIsBroken">While it answers true, a timer that comes due throws.</param>
    /// <param name="topic">Where it publishes, if not to <see cref="Topic"/>.</param>
    /// <param name="view">A projection of the shop, if a test needs one.</param>
    public static void Add(WebApplicationBuilder builder, Func<bool>? remindingIsBroken = null, Topic? topic = null, Projection? view = null) =>
        builder.AddPatronService("shop", _ => Definition(remindingIsBroken, topic ?? Topic, view));

    private static ServiceDefinition Definition(Func<bool>? remindingIsBroken, Topic topic, Projection? view) => new()
    {
        Name = "shop",
        Events = Events(),
        Streams = [Till.Kind],
        Projections = view is null ? [] : [view],
        Publications = [new Publication(topic, e => e.Event is Sold sold ? new Int32Value { Value = sold.Amount } : null)],
        Timers = e => e.Event is Sold ? [TimerChange.Set("remind", e.Time.AddDays(2))] : [],
        OnDue = due => [Till.Kind.Command(
            due.Stream,
            due.Customer,
            till => remindingIsBroken?.Invoke() == true ? throw new InvalidOperationException("No reminders today.") : new Reminded(till.Total))],
    };

    /// <summary>Counts what the shop sells, as commands and as rows; an amount of 13 is poison, 666 a bug in the decision.</summary>
    /// <param name="isHealed">While it answers true, nothing is poison.</param>
    /// <param name="also">A second topic.</param>
    public static void AddCounter(
        WebApplicationBuilder builder, Action<FactContext>? seen = null, Func<bool>? isHealed = null, Subscription? also = null, Topic? topic = null) =>
        builder.AddPatronService("counter", _ => new ServiceDefinition
        {
            Name = "counter",
            Events = Events(),
            Streams = [Till.Kind],
            Migrations = [Receipts.Migration],
            Subscriptions =
            [
                new Subscription(topic ?? Topic).Writes(new Receipts()).On(Int32Value.Parser, (fact, context) =>
                {
                    seen?.Invoke(context);
                    var poison = isHealed?.Invoke() == true ? 0 : fact.Value;
                    if (poison == 13)
                        throw new InvalidDataException("13 cannot be read.");
                    return [Till.Kind.Command(
                        context.Customer, context.Customer, _ => poison == 666 ? throw new InvalidOperationException("666") : new Sold(fact.Value))];
                }),
                .. also is null ? Array.Empty<Subscription>() : [also],
            ],
        });

    /// <summary>A service that only looks.</summary>
    public static void AddBoard(WebApplicationBuilder builder, Projection projection) => builder.AddPatronService("board", _ => new ServiceDefinition
    {
        Name = "board",
        Events = Events(),
        Streams = [Till.Kind],
        Projections = [projection],
    });

    private static EventTypes Events() => new(ShopJson.Default, typeof(Sold), typeof(Reminded));
}

/// <summary>A row for every fact that was applied.</summary>
internal sealed class Receipts : IBatchEffect
{
    public static Migration Migration { get; } = new("receipts", "create table receipts (customer uuid not null, record_offset bigint not null)");

    public static async Task<long> CountAsync(ServiceRuntime service, Guid customer, CancellationToken cancellation)
    {
        await using var command = service.Database.CreateCommand("select count(*) from receipts where customer = $1");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = customer });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    public void Apply(IReadOnlyList<ConsumedFact> facts, NpgsqlBatch transaction) => Statements.Add(
        transaction,
        "insert into receipts select * from unnest($1::uuid[], $2::bigint[])",
        Statements.Uuids(facts.Select(f => f.Context.Customer)),
        Statements.Bigints(facts.Select(f => f.Context.Offset)));
}
