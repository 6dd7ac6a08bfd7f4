using System.Diagnostics;
using System.Globalization;
using Patron.Segmentation;

namespace Patron.Benchmarks.Segments;

/// <summary>What a preview is measured beside.</summary>
internal enum PreviewPeer
{
    DuckDb,
    PostgreSql,

    /// <summary>Reading the same columns once.</summary>
    Limit,
}

/// <summary>Counting the customers of a rule over all partitions, as the preview does.</summary>
/// <param name="overLines">By purchased lines in a window; otherwise by five columns of customers.</param>
internal sealed class SegmentPreview(bool overLines, PreviewPeer beside) : IBenchmark
{
    private const int Days = 90;
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(2);

    private SegmentBase? made;
    private DuckDbPeer? duckDb;
    private PostgresPeer? postgres;
    private TimeSpan round;

    public Figure Figure { get; } = new(
        (overLines ? "segment.preview.window" : "segment.preview.attributes")
            + beside switch { PreviewPeer.Limit => ".limit", PreviewPeer.PostgreSql => ".postgresql", _ => "" },
        beside == PreviewPeer.Limit ? "The same beside the memory's limit."
            : beside == PreviewPeer.PostgreSql ? "The same beside PostgreSQL."
            : overLines ? "How many customers bought at least twice and for at least 50.00 of one of 100 categories in 90 of 730 days; 10 lines a customer."
            : "How many customers fit a rule with and and or over five columns.",
        "previews/s",
        beside switch
        {
            PreviewPeer.Limit => "the bytes of the columns read once, vectorised, on all cores",
            PreviewPeer.PostgreSql => string.Create(
                CultureInfo.InvariantCulture, $"PostgreSQL scanning its buffers on {Environment.ProcessorCount} cores, without an index"),
            _ => string.Create(CultureInfo.InvariantCulture, $"DuckDB 1.5.6 on {Environment.ProcessorCount} threads, tables in memory"),
        },
        Target.RatioAtLeast(beside switch { PreviewPeer.Limit => 0.5, PreviewPeer.PostgreSql => 20, _ => overLines ? 3 : 4 }));

    private static AllOf Rule(bool overLines)
    {
        if (!overLines)
        {
            return new AllOf(
                new AnyOf(new InTier("gold", "platinum"), new NumberBetween(NumberColumn.Points, 1_000, null)),
                new DaysSince(DayColumn.LastPurchase, null, Days),
                new NumberBetween(NumberColumn.Spend, 200_00, 5_000_00),
                new NumberBetween(NumberColumn.Purchases, 3, null));
        }

        var where = PurchaseFilter.Any with { Categories = ["category/7"] };
        return new AllOf(
            new PurchasesBetween(PurchaseMeasure.Receipts, 2, null, where, PurchaseWindow.Last(Days)),
            new PurchasesBetween(PurchaseMeasure.Spend, 50_00, null, where, PurchaseWindow.Last(Days)));
    }

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        var customers = SegmentBase.Customers(place);
        round = place.Scale < 1 ? TimeSpan.FromMilliseconds(20) : Round;
        made = SegmentBase.Make(customers, withLines: overLines, withMemberships: false);
        var (table, query) = (overLines ? Lines(customers) : Customers(customers), overLines ? WindowQuery : AttributesQuery);
        if (beside == PreviewPeer.DuckDb)
            duckDb = await DuckDbPeer.StartAsync(table, query, cancellation);
        if (beside == PreviewPeer.PostgreSql)
            postgres = await PostgresPeer.StartAsync(place, InPostgres(table), query, cancellation);
        if ((duckDb?.Answer ?? postgres?.Answer) is { } answer && answer != Count())
            throw new InvalidOperationException($"{beside} counts {answer}, and the columns {Count()}.");
    }

    public Task<double> MeasureAsync(CancellationToken cancellation) => Task.FromResult(Repeat(() => Count()));

    public async Task<double?> MeasurePeerAsync(CancellationToken cancellation) =>
        duckDb is not null ? await duckDb.RunAsync(round, cancellation)
            : postgres is not null ? await postgres.RunAsync(round, cancellation) : Repeat(() => (long)MemoryLimit.Read(made!.Columns, overLines));

    public async ValueTask DisposeAsync()
    {
        made = null;
        if (duckDb is not null)
            await duckDb.DisposeAsync();
        if (postgres is not null)
            await postgres.DisposeAsync();
    }

    private static string InPostgres(string sql) => sql.Replace("create table", "create unlogged table", StringComparison.Ordinal)
        .Replace("utinyint", "smallint", StringComparison.Ordinal).Replace("//", "/", StringComparison.Ordinal)
        .Replace("from range(", "from generate_series(0::bigint, -1 + ", StringComparison.Ordinal);

    private static string Customers(int count) => string.Create(CultureInfo.InvariantCulture, $"""
        create table customers as select
          case when {SegmentBase.Sql("i", 1)} % 20 < 1 then 4 when {SegmentBase.Sql("i", 1)} % 20 < 3 then 3
            when {SegmentBase.Sql("i", 1)} % 20 < 8 then 2 else 1 end::utinyint as tier,
          ({SegmentBase.Sql("i", 2)} % 5000)::integer as points,
          ({SegmentBase.Today} - {SegmentBase.Sql("i", 3)} % {SegmentBase.DaysBack})::integer as last_day,
          ({SegmentBase.Sql("i", 4)} % 1000000)::integer as spend,
          (1 + {SegmentBase.Sql("i", 5)} % 20)::integer as purchases
        from range({count}) numbers (i)
        """);

    private static string AttributesQuery => string.Create(CultureInfo.InvariantCulture, $"""
        select count(*) from customers
        where (tier in (3, 4) or points >= 1000) and last_day >= {SegmentBase.Today - Days} and spend between 20000 and 500000 and purchases >= 3
        """);

    private static string Lines(int customers) => string.Create(CultureInfo.InvariantCulture, $"""
        create table lines as select
          (i // {SegmentBase.LinesPerCustomer})::integer as customer,
          ({SegmentBase.Today} - {SegmentBase.Sql("i", 6)} % {SegmentBase.DaysBack})::integer as day,
          ({SegmentBase.Sql("i", 7)} % {SegmentBase.Categories})::utinyint as category,
          (1 + {SegmentBase.Sql("i", 8)} % 10000)::integer as amount
        from range({(long)customers * SegmentBase.LinesPerCustomer}) numbers (i)
        """);

    private static string WindowQuery => string.Create(CultureInfo.InvariantCulture, $"""
        select count(*) from (
          select customer from lines where category = 7 and day > {SegmentBase.Today - Days}
          group by customer having count(*) >= 2 and sum(amount) >= 5000) customers
        """);

    private long Count()
    {
        var question = new TallyQuestion([Rule(overLines)], [new(All: 1, None: 0)], []);
        return made!.Engine.Look(SegmentBase.All, (_, evaluate) => Tally.Of(question, evaluate)).Sum(part => part.Value.Counts[0]);
    }

    private double Repeat(Func<long> ask)
    {
        var (begun, asked) = (Stopwatch.GetTimestamp(), 0);
        do
        {
            _ = ask();
            asked++;
        }
        while (Stopwatch.GetElapsedTime(begun) < round);
        return asked / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }
}
