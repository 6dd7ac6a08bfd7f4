using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>A line of a list of products.</summary>
/// <param name="Since">Business time from which this description holds.</param>
internal sealed record ProductLine(
    string Code, IReadOnlyDictionary<string, string> Names, string Category, string Brand, DateTimeOffset Since);

internal sealed record StoreView(
    string Code, DateTimeOffset Since, int Version, IReadOnlyDictionary<string, string> Names, string? TimeZone, double? Latitude, double? Longitude,
    string? Channel, IReadOnlyList<StoreHours> OpeningHours)
{
    public static StoreView Of(string code, DateTimeOffset since, int version, StoreDescription store) => new(
        code, since, version, store.Names, store.TimeZone, store.Position?.LatitudeE6 / 1e6, store.Position?.LongitudeE6 / 1e6, store.Channel, store.Hours);
}

/// <summary>Reads the catalogue: its lists from tables, one product or store at a moment from its events.</summary>
internal sealed class CatalogueReads(ServiceRuntime profile)
{
    /// <summary>Products by code after <paramref name="after"/>, at most <paramref name="countMax"/>.</summary>
    /// <param name="words">Text that code, brand or a name in any language contains, whatever case and width; null for all.</param>
    /// <param name="category">A path; products below it count too. Null for all.</param>
    public async Task<IReadOnlyList<ProductLine>> ProductsAsync(
        string? after, string? words, string? category, int countMax, CancellationToken cancellation)
    {
        await using var command = profile.Database.CreateCommand(
            """
            select code, names, category, brand, since from products
            where code > $1 and ($2::text is null or search like $2) and ($3::text is null or category = $3 or starts_with(category, $3 || '/'))
            order by code limit $4
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = after ?? "" });
        command.Parameters.Add(NullableText(words is null ? null : $"%{Escaped(CatalogueTables.Searchable(words))}%"));
        command.Parameters.Add(NullableText(category));
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = countMax });
        var products = new List<ProductLine>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            products.Add(new ProductLine(
                row.GetString(0), JsonSerializer.Deserialize(row.GetString(1), ProfileJson.Default.IReadOnlyDictionaryStringString)!, row.GetString(2),
                row.GetString(3), new DateTimeOffset(row.GetDateTime(4), TimeSpan.Zero)));
        }
        return products;
    }

    public async Task<IReadOnlyList<StoreView>> StoresAsync(string? after, int countMax, CancellationToken cancellation)
    {
        await using var command = profile.Database.CreateCommand(
            "select code, since, version, description from stores where code > $1 order by code limit $2");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = after ?? "" });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = countMax });
        var stores = new List<StoreView>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            stores.Add(StoreView.Of(
                row.GetString(0), new DateTimeOffset(row.GetDateTime(1), TimeSpan.Zero), row.GetInt32(2),
                JsonSerializer.Deserialize(row.GetString(3), ProfileJson.Default.StoreDescription)!));
        }
        return stores;
    }

    /// <summary>The product now, or as it was at a moment; null when nothing was known of it then.</summary>
    public async Task<Product?> ProductAsync(string code, DateTimeOffset? asOf, CancellationToken cancellation) => asOf is null
        ? await profile.StateAsync(Product.Kind, Product.IdOf(code), cancellation)
        : await AtAsync(Product.Kind, Product.IdOf(code), asOf.Value, cancellation);

    public async Task<Store?> StoreAsync(string code, DateTimeOffset? asOf, CancellationToken cancellation) => asOf is null
        ? await profile.StateAsync(Store.Kind, Store.IdOf(code), cancellation)
        : await AtAsync(Store.Kind, Store.IdOf(code), asOf.Value, cancellation);

    private async Task<TState?> AtAsync<TState>(StreamKind<TState> kind, Guid stream, DateTimeOffset moment, CancellationToken cancellation)
        where TState : class
    {
        var events = await profile.ReadStreamAsync(stream, cancellation);
        var until = events.Select(e => e.Event).Where(e => ((CatalogueEvent)e).Since <= moment).ToList();
        return until.Count == 0 ? null : kind.Fold(until);
    }

    private static string Escaped(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);

    private static NpgsqlParameter NullableText(string? text) => new() { Value = (object?)text ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };
}
