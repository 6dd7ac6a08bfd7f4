using Npgsql;
using Patron.Contracts.Segmentation.V1;
using Patron.Runtime.EventStore;

namespace Patron.Segmentation;

/// <summary>Customers who were ever linked with another: what the columns know of them comes from their streams.</summary>
internal sealed class LinkedRows : IInlineView
{
    public const string Schema = """
        create table linked_rows (
          customer uuid primary key,
          partition int not null
        );
        create index linked_rows_partition on linked_rows (partition);
        """;

    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        var changed = events.Where(recorded => recorded.Event is RowChanged).DistinctBy(recorded => recorded.Customer).ToList();
        if (changed.Count == 0)
            return;
        Statements.Add(
            transaction,
            "insert into linked_rows (customer, partition) select * from unnest($1::uuid[], $2::int[]) on conflict do nothing",
            Statements.Uuids(changed.Select(recorded => recorded.Customer)),
            Statements.Ints(changed.Select(recorded => recorded.Partition)));
    }

    /// <summary>The linked customers of a partition.</summary>
    public static async Task<IReadOnlyList<Guid>> ReadAsync(NpgsqlDataSource database, int partition, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select customer from linked_rows where partition = $1");
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var linked = new List<Guid>();
        while (await row.ReadAsync(cancellation))
            linked.Add(row.GetGuid(0));
        return linked;
    }

    /// <summary>The current state of a customer's row after an event.</summary>
    public static RowState State(RowChanged changed, int version)
    {
        var all = changed.Counted.Aggregate(Purchases.None, (sum, of) => sum.Plus(of.Purchases));

        // Instances of the version before, which know no lines, read the days.
        var days = all.Bought.GroupBy(line => line.Day).Select(day => new DaySpend(day.Key, day.Sum(line => line.Minor))).ToList();
        return new RowState
        {
            Version = version,
            Away = changed.Away,
            Complete = changed.OwnTaken,
            Purchases = all.Count,
            SpendMinor = all.Spend,
            FirstDay = all.FirstDay ?? 0,
            LastDay = all.LastDay ?? 0,
            Days = { days.Select(spent => spent.Day) },
            AmountsMinor = { days.Select(spent => spent.Minor) },
            Lines = { all.Bought.Select(Line) },
        };
    }

    public static Purchases PurchasesOf(RowState state) => new(
        state.Purchases, state.SpendMinor, Known(state.FirstDay), Known(state.LastDay),
        [.. state.Days.Zip(state.AmountsMinor, (day, amount) => new DaySpend(day, amount))],
        state.Lines.Count == 0 && state.Days.Count > 0 ? null : [.. state.Lines.Select(Line)]);

    private static RowLine Line(BoughtLine line) => new()
    {
        Day = line.Day,
        AmountMinor = line.Minor,
        Product = line.Product,
        Category = line.Category,
        Channel = line.Channel,
        Store = line.Store,
        Sold = line.Sold,
        Begins = line.Begins,
    };

    private static BoughtLine Line(RowLine line) =>
        new(line.Day, line.AmountMinor, line.Product, line.Category, line.Channel, line.Store, line.Sold, line.Begins);

    private static int? Known(int day) => day == 0 ? null : day;
}
