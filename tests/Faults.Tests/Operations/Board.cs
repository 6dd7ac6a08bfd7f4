using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;
using Patron.Testing;

namespace Patron.Faults.Tests.Operations;

/// <summary>A service that only shows what was sold, as a view of the market's sales that can be rebuilt. Its rows never hide a second one.</summary>
internal static class Board
{
    public const string Name = "board";
    public const string View = "shown";

    public static void Add(WebApplicationBuilder builder)
    {
        var view = Projection.OfTopics(View, 1, "create table shown (customer uuid not null, amount int not null)", [Market.Sales], Write);
        view.RecordsPerStepMax = 200;
        builder.AddPatronService(Name, _ => new ServiceDefinition
        {
            Name = Name,
            Events = new EventTypes(MarketJson.Default, typeof(Sold)),
            Streams = [Till.Kind],
            Projections = [view],
        });
    }

    /// <summary>What the view shows and the shop's store does not have, or the other way round, or twice.</summary>
    public static async Task<IReadOnlyList<string>> DifferencesAsync(TestDatabase board, TestDatabase shop, CancellationToken cancellation)
    {
        var shown = await Books.SentencesAsync(board, "select customer || ' ' || amount from board.shown", cancellation);
        var sold = await Books.SentencesAsync(
            shop, "select customer || ' ' || (data::json->>'Amount') from shop.events where type = 'market.sold.v1'", cancellation);
        return
        [
            .. shown.Except(sold).Select(s => $"The board shows {s}, which the shop does not know."),
            .. sold.Except(shown).Select(s => $"The board lacks {s}."),
            .. shown.GroupBy(s => s).Where(s => s.Count() > 1).Select(s => $"The board shows {s.Key} {s.Count()} times."),
        ];
    }

    private static void Write(IReadOnlyList<ConsumedFact> facts, NpgsqlBatch transaction) => Statements.Add(
        transaction,
        "insert into shown (customer, amount) select * from unnest($1::uuid[], $2::int[])",
        Statements.Uuids(facts.Select(f => f.Context.Customer)),
        Statements.Ints(facts.Select(f => Int32Value.Parser.ParseFrom(f.Value!.Value.Span).Value)));
}
