using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>Figures over all customers, counted as events are committed: one row a transaction, whatever it carries.</summary>
internal sealed class Figures : IInlineView
{
    private const short RepeatsSlot = -1;

    private static readonly string[] Names =
    [
        "customers", "purchases", "anonymous purchases", "purchases with returns", "sale lines", "return lines", "fee lines", "adjustment lines",
        "consents changed", "identifier conflicts", "behaviours", "repeats ignored",
    ];

    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        var counts = new long[11];
        foreach (var recorded in events)
            Count(recorded.Event, counts);
        if (counts.All(c => c == 0))
            return;

        // The transaction holds the head of this partition, so no other one writes the same row at the same time.
        var slot = events.Min(e => e.Partition);
        Statements.Add(
            transaction,
            """
            insert into counters as c (
              slot, customers, purchases, anonymous_purchases, returns, sale_lines, return_lines, fee_lines, adjustment_lines, consents, conflicts,
              behaviours)
            select $1, n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11] from (select $2::bigint[] n) x
            on conflict (slot) do update set
              customers = c.customers + excluded.customers, purchases = c.purchases + excluded.purchases,
              anonymous_purchases = c.anonymous_purchases + excluded.anonymous_purchases, returns = c.returns + excluded.returns,
              sale_lines = c.sale_lines + excluded.sale_lines, return_lines = c.return_lines + excluded.return_lines,
              fee_lines = c.fee_lines + excluded.fee_lines, adjustment_lines = c.adjustment_lines + excluded.adjustment_lines,
              consents = c.consents + excluded.consents, conflicts = c.conflicts + excluded.conflicts, behaviours = c.behaviours + excluded.behaviours
            """,
            new NpgsqlParameter<short> { TypedValue = (short)slot, NpgsqlDbType = NpgsqlDbType.Smallint },
            Statements.Bigints(counts));
    }

    /// <summary>Counts events that were known already. A figure for people: a crash between an answer and this loses it.</summary>
    public static async Task CountRepeatsAsync(NpgsqlDataSource database, int repeats, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "insert into counters as c (slot, repeats) values ($1, $2) on conflict (slot) do update set repeats = c.repeats + excluded.repeats");
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = RepeatsSlot });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = repeats });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public static void Map(WebApplication app) =>
        app.MapGet("/v1/profile/figures", ReadAsync).RequireApiKey("read");

    private static async Task<IResult> ReadAsync([FromKeyedServices(Module.Name)] ServiceRuntime profile, CancellationToken cancellation)
    {
        await using var command = profile.Database.CreateCommand(
            """
            select coalesce(sum(customers), 0)::bigint, coalesce(sum(purchases), 0)::bigint, coalesce(sum(anonymous_purchases), 0)::bigint,
              coalesce(sum(returns), 0)::bigint, coalesce(sum(sale_lines), 0)::bigint, coalesce(sum(return_lines), 0)::bigint,
              coalesce(sum(fee_lines), 0)::bigint, coalesce(sum(adjustment_lines), 0)::bigint, coalesce(sum(consents), 0)::bigint,
              coalesce(sum(conflicts), 0)::bigint, coalesce(sum(behaviours), 0)::bigint, coalesce(sum(repeats), 0)::bigint,
              (select count(*) from quarantine where state = 'waiting')
            from counters
            """);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        IReadOnlyList<Figure> figures = [.. Names.Append("records in quarantine").Select((name, i) => new Figure(name, row.GetInt64(i)))];
        return TypedResults.Json(figures, StoryJson.Default.IReadOnlyListFigure);
    }

    private static void Count(DomainEvent happened, long[] counts)
    {
        switch (happened)
        {
            case CustomerRegistered:
                counts[0]++;
                break;
            case PurchaseRecorded recorded:
                counts[1]++;
                CountLines(recorded.Purchase, counts);
                break;
            case AnonymousPurchaseRecorded recorded:
                counts[2]++;
                CountLines(recorded.Purchase, counts);
                break;
            case ConsentChanged:
                counts[8]++;
                break;
            case IdentifierConflictFound:
                counts[9]++;
                break;
            case BehaviourRecorded:
                counts[10]++;
                break;
        }
    }

    private static void CountLines(PurchaseFacts purchase, long[] counts)
    {
        if (purchase.Lines.Any(l => l.Kind == LineKind.Return))
            counts[3]++;
        foreach (var line in purchase.Lines)
            counts[3 + (int)line.Kind]++;
    }
}
