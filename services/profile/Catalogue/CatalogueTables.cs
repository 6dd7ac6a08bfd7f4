using System.Globalization;
using System.Text;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;

namespace Patron.Profile;

/// <summary>The catalogue's rows, written with its events: lists, search, prices, and what the instances keep in memory.</summary>
internal sealed class CatalogueTables : IInlineView
{
    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        if (!events.Any(e => e.Event is CatalogueEvent))
            return;
        var described = events.Where(e => e.Event is ProductDescribed).ToList();
        if (described.Count > 0)
        {
            WriteVersions(described, transaction);
            WriteProducts(Last(described), transaction);
        }
        if (Last(events.Where(e => e.Event is StoreDescribed)) is { Count: > 0 } stores)
            WriteStores(stores, transaction);
        if (LastPrices(events) is { Count: > 0 } prices)
            WritePrices(prices, transaction);
    }

    /// <summary>One case and one width, so that half-width katakana and full-width letters are found too (Unicode NFKC).</summary>
    public static string Searchable(string text) => text.Normalize(NormalizationForm.FormKC).ToLower(CultureInfo.InvariantCulture);

    private static void WriteVersions(List<RecordedEvent> described, NpgsqlBatch transaction)
    {
        var products = described.ConvertAll(e => (ProductDescribed)e.Event);
        Statements.Add(
            transaction,
            """
            insert into product_versions (partition, position, code, since, category, brand)
            select * from unnest($1::smallint[], $2::bigint[], $3::text[], $4::timestamptz[], $5::text[], $6::text[])
            """,
            Statements.Smallints(described.Select(e => e.Partition)),
            Statements.Bigints(described.Select(e => e.Position)),
            Statements.Texts(products.Select(p => p.Code)),
            Statements.Times(products.Select(p => p.Since)),
            Statements.Texts(products.Select(p => p.Category)),
            Statements.Texts(products.Select(p => p.Brand)));
    }

    private static void WriteProducts(List<RecordedEvent> last, NpgsqlBatch transaction)
    {
        var products = last.ConvertAll(e => (ProductDescribed)e.Event);
        Statements.Add(
            transaction,
            """
            insert into products as p (product, code, names, category, brand, since, version, search)
            select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::int[], $8::text[])
            on conflict (product) do update set names = excluded.names, category = excluded.category, brand = excluded.brand,
              since = excluded.since, version = excluded.version, search = excluded.search
            """,
            Statements.Uuids(last.Select(e => e.Stream)),
            Statements.Texts(products.Select(p => p.Code)),
            Statements.Texts(products.Select(p => JsonSerializer.Serialize(p.Names, ProfileJson.Default.IReadOnlyDictionaryStringString))),
            Statements.Texts(products.Select(p => p.Category)),
            Statements.Texts(products.Select(p => p.Brand)),
            Statements.Times(products.Select(p => p.Since)),
            Statements.Ints(last.Select(e => e.Version)),
            Statements.Texts(products.Select(p => Searchable(string.Join('\n', p.Names.Values.Prepend(p.Brand).Prepend(p.Code))))));
    }

    private static void WriteStores(List<RecordedEvent> last, NpgsqlBatch transaction)
    {
        var stores = last.ConvertAll(e => (StoreDescribed)e.Event);
        Statements.Add(
            transaction,
            """
            insert into stores as s (store, code, since, version, description)
            select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::int[], $5::text[])
            on conflict (store) do update set since = excluded.since, version = excluded.version, description = excluded.description
            """,
            Statements.Uuids(last.Select(e => e.Stream)),
            Statements.Texts(stores.Select(s => s.Code)),
            Statements.Times(stores.Select(s => s.Since)),
            Statements.Ints(last.Select(e => e.Version)),
            Statements.Texts(stores.Select(s => JsonSerializer.Serialize(s.Store, ProfileJson.Default.StoreDescription))));
    }

    private static void WritePrices(List<RecordedEvent> last, NpgsqlBatch transaction)
    {
        Statements.Add(
            transaction,
            """
            delete from product_prices p using unnest($1::uuid[], $2::text[]) c (product, channel)
            where p.product = c.product and p.channel = c.channel
            """,
            Statements.Uuids(last.Select(e => e.Stream)), Statements.Texts(last.Select(e => ((ProductPriced)e.Event).Channel)));
        var prices = last.SelectMany(e => ((ProductPriced)e.Event).Prices.Select(p => (e.Stream, ((ProductPriced)e.Event).Code, Price: p))).ToList();
        Statements.Add(
            transaction,
            """
            insert into product_prices (product, code, channel, currency, amount_minor, valid_from, valid_until, promotion)
            select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::timestamptz[], $8::text[])
            """,
            Statements.Uuids(prices.Select(p => p.Stream)),
            Statements.Texts(prices.Select(p => p.Code)),
            Statements.Texts(prices.Select(p => p.Price.Channel)),
            Statements.Texts(prices.Select(p => p.Price.Currency)),
            Statements.Bigints(prices.Select(p => p.Price.AmountMinor)),
            NullableTimes(prices.Select(p => p.Price.From)),
            NullableTimes(prices.Select(p => p.Price.Until)),
            Statements.Texts(prices.Select(p => p.Price.Promotion)));
    }

    private static List<RecordedEvent> Last(IEnumerable<RecordedEvent> events) =>
        [.. events.GroupBy(e => e.Stream).Select(g => g.Last()).OrderBy(e => e.Stream)];

    private static List<RecordedEvent> LastPrices(IEnumerable<RecordedEvent> events) =>
        [.. events.Where(e => e.Event is ProductPriced).GroupBy(e => (e.Stream, ((ProductPriced)e.Event).Channel)).Select(g => g.Last())];

    private static NpgsqlParameter<DateTime?[]> NullableTimes(IEnumerable<DateTimeOffset?> values) =>
        new() { TypedValue = [.. values.Select(v => v?.UtcDateTime)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz };
}
