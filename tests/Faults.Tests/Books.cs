using Npgsql;
using Patron.Testing;

namespace Patron.Faults.Tests;

/// <summary>Compares what the services of <see cref="Market"/> wrote, straight from their tables. Every sentence answered is a violation.</summary>
internal static class Books
{
    /// <summary>The store of a service by itself: gapless positions up to the head, dense versions, states as the events have them.</summary>
    public static Task<IReadOnlyList<string>> StoreAsync(TestDatabase database, string service, CancellationToken cancellation) => SentencesAsync(
        database,
        $"""
        select '{service}: partition ' || h.partition || ' has its head at ' || h.position || ', and ' || count(e.position) || ' events up to '
          || coalesce(max(e.position), 0)
        from {service}.heads h left join {service}.events e using (partition) group by h.partition, h.position
        having count(e.position) <> h.position or coalesce(max(e.position), 0) <> h.position
        union all
        select '{service}: stream ' || s.stream || ' is kept at version ' || s.version || ', and has ' || count(e.version) || ' events up to '
          || max(e.version) || ' and a total of ' || sum(coalesce((e.data::json->>'Amount')::int, 0)) || ' where its state is ' || s.state
        from {service}.streams s join {service}.events e using (stream) group by s.stream, s.version, s.state
        having count(e.version) <> s.version or max(e.version) <> s.version
          or sum(coalesce((e.data::json->>'Amount')::int, 0)) <> (s.state::json->>'Total')::int
        """,
        cancellation);

    /// <summary>
    /// Everything sold is counted, received and audited once and in its customer's order, and every stream of the counter is settled after its last
    /// count and not twice in a row.
    /// </summary>
    public static async Task<IReadOnlyList<string>> CompareAsync(TestDatabase database, CancellationToken cancellation)
    {
        const string Sold =
            "select customer, string_agg(data::json->>'Amount', ' ' order by version) from shop.events where type = 'market.sold.v1' group by customer";
        const string Counted =
            "select customer, string_agg(data::json->>'Amount', ' ' order by version) from counter.events where type = 'market.counted.v1' group by customer";
        var sentences = new List<string>();
        foreach (var service in new[] { Market.Shop, Market.Counter })
            sentences.AddRange(await StoreAsync(database, service, cancellation));
        foreach (var (what, query) in new[]
        {
            ("the view of the shop shows", Receipts(Market.Shop)), ("the counter counted", Counted), ("the counter received", Receipts(Market.Counter)),
            ("the auditor received", Receipts(Market.Auditor)),
        })
        {
            sentences.AddRange(await SentencesAsync(
                database,
                $"""
                with sold (customer, amounts) as ({Sold}), other (customer, amounts) as ({query})
                select 'customer ' || coalesce(s.customer, o.customer) || ': sold ' || coalesce(s.amounts, 'nothing') || ', but {what} '
                  || coalesce(o.amounts, 'nothing')
                from sold s full join other o using (customer) where s.amounts is distinct from o.amounts
                """,
                cancellation));
        }

        sentences.AddRange(await SentencesAsync(
            database,
            """
            select 'customer ' || customer || ': event ' || version || ' is ' || type || ' after ' || coalesce(earlier, 'nothing')
              || ' and before ' || coalesce(later, 'nothing')
            from (
              select customer, version, type, lag(type) over w as earlier, lead(type) over w as later
              from counter.events window w as (partition by stream order by version)) e
            where type = 'market.settled.v1' and coalesce(earlier, '') <> 'market.counted.v1' or type = 'market.counted.v1' and later is null
            """,
            cancellation));
        return sentences;

        static string Receipts(string service) =>
            $"select customer, string_agg(amount::text, ' ' order by id) from {service}.receipts group by customer";
    }

    /// <summary>Waits until so many facts are audited and no timer is left, or the deadline passes; answers whether they are.</summary>
    public static async Task<bool> CompleteAsync(TestDatabase database, long sales, TimeSpan deadline, CancellationToken cancellation)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand(
            "select (select count(*) from auditor.receipts) >= $1 and (select count(*) from counter.receipts) >= $1 "
            + "and not exists (select from counter.timers)");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = sales });
        var began = TimeProvider.System.GetTimestamp();
        while (!(bool)(await command.ExecuteScalarAsync(cancellation))!)
        {
            if (TimeProvider.System.GetElapsedTime(began) > deadline)
                return false;
            await Task.Delay(20, cancellation);
        }

        return true;
    }

    /// <summary>The rows of a query with one text column.</summary>
    public static async Task<IReadOnlyList<string>> SentencesAsync(TestDatabase database, string sql, CancellationToken cancellation)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand(sql);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var sentences = new List<string>();
        while (await row.ReadAsync(cancellation))
            sentences.Add(row.GetString(0));
        return sentences;
    }

    /// <summary>Changes the tables, as time or an accident would.</summary>
    public static async Task RunAsync(TestDatabase database, string sql, CancellationToken cancellation)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
