using Npgsql;
using NpgsqlTypes;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.Processing;

namespace Patron.Tagging;

/// <summary>The counters as rows: one per customer, added to once per customer and batch, in the transaction that moves the offset.</summary>
internal sealed class ActivityRows(ActivityMemory memory) : IBatchEffect
{
    public const string Schema = """
        create table customer_activity (
          customer uuid primary key,
          partition int not null,
          pos_purchases int not null,
          eshop_purchases int not null,
          pos_spend bigint not null,
          eshop_spend bigint not null,
          returns int not null,
          largest_basket bigint not null,
          last_purchase_at timestamptz not null,
          position bigint not null
        ) with (fillfactor = 80);
        create index customer_activity_partition on customer_activity (partition);
        """;

    private const string Add = """
        insert into customer_activity as kept
        select * from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (customer) do update set
          pos_purchases = kept.pos_purchases + excluded.pos_purchases,
          eshop_purchases = kept.eshop_purchases + excluded.eshop_purchases,
          pos_spend = kept.pos_spend + excluded.pos_spend,
          eshop_spend = kept.eshop_spend + excluded.eshop_spend,
          returns = kept.returns + excluded.returns,
          largest_basket = greatest(kept.largest_basket, excluded.largest_basket),
          last_purchase_at = greatest(kept.last_purchase_at, excluded.last_purchase_at),
          position = greatest(kept.position, excluded.position)
        """;

    private const string Read = """
        select customer, pos_purchases, eshop_purchases, pos_spend, eshop_spend, returns, largest_basket, last_purchase_at, position
        from customer_activity where partition = $1
        """;

    public void Apply(IReadOnlyList<ConsumedFact> facts, NpgsqlBatch transaction)
    {
        LinkedRows.Apply(facts, memory, transaction);
        var rows = Sum(facts);
        if (rows.Count == 0)
            return;
        var add = new NpgsqlBatchCommand(Add);
        Column(add, NpgsqlDbType.Uuid, rows, row => row.Customer);
        Column(add, NpgsqlDbType.Integer, rows, row => row.Partition);
        Column(add, NpgsqlDbType.Integer, rows, row => row.Activity.PosPurchases);
        Column(add, NpgsqlDbType.Integer, rows, row => row.Activity.EShopPurchases);
        Column(add, NpgsqlDbType.Bigint, rows, row => row.Activity.PosSpend);
        Column(add, NpgsqlDbType.Bigint, rows, row => row.Activity.EShopSpend);
        Column(add, NpgsqlDbType.Integer, rows, row => row.Activity.Returns);
        Column(add, NpgsqlDbType.Bigint, rows, row => row.Activity.LargestBasket);
        Column(add, NpgsqlDbType.TimestampTz, rows, row => row.Activity.LastPurchaseAt.UtcDateTime);
        Column(add, NpgsqlDbType.Bigint, rows, row => row.Activity.Position);
        transaction.BatchCommands.Add(add);
    }

    public static async Task<IReadOnlyList<(Guid Customer, CustomerActivity Activity)>> ReadAsync(
        NpgsqlDataSource database, int partition, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(Read);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<(Guid, CustomerActivity)>();
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add((reader.GetGuid(0), new CustomerActivity(
                reader.GetInt32(1), reader.GetInt32(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt32(5), reader.GetInt64(6),
                reader.GetFieldValue<DateTimeOffset>(7), reader.GetInt64(8))));
        }

        return rows;
    }

    private List<(Guid Customer, int Partition, CustomerActivity Activity)> Sum(IReadOnlyList<ConsumedFact> facts)
    {
        var sums = new Dictionary<Guid, (int Partition, CustomerActivity Activity)>();
        foreach (var (context, value) in facts)
        {
            if (context.Envelope.Type != PurchaseRecorded.Descriptor.FullName || value is not { } bytes)
                continue;
            var receipt = PurchaseRecorded.Parser.ParseFrom(bytes.Span);
            if (receipt.Anonymous || receipt.Origin.Length > 0 || memory.IsLinked(context.Partition, context.Customer, context.Envelope.Position))
                continue;
            var sum = sums.TryGetValue(context.Customer, out var known) ? known.Activity : CustomerActivity.None;
            sums[context.Customer] = (context.Partition, sum.Plus(CustomerActivity.Of(receipt, context.Envelope.Position)));
        }

        return [.. sums.Select(sum => (sum.Key, sum.Value.Partition, sum.Value.Activity))];
    }

    private static void Column<TRow, TValue>(NpgsqlBatchCommand command, NpgsqlDbType type, List<TRow> rows, Func<TRow, TValue> value) =>
        command.Parameters.Add(new NpgsqlParameter<TValue[]>
        {
            NpgsqlDbType = NpgsqlDbType.Array | type,
            TypedValue = [.. rows.Select(value)],
        });
}
