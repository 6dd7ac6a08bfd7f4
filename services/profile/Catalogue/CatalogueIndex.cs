using System.Collections.Concurrent;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>
/// Category and brand of every product at every time, in memory, so that enriching a purchase asks nobody. Loaded before the first purchase
/// is taken; follows the store partition by partition, whoever wrote it, and so is at most <c>CatalogueRefresh</c> and a query behind what
/// another instance committed. A change over this instance is known here when it is answered.
/// </summary>
internal sealed partial class CatalogueIndex(
    ServiceRuntime profile, ProfileSettings settings, SystemClock clock, ILogger<CatalogueIndex> logger)
    : StoreFollower("The catalogue", settings.CatalogueRefresh, clock, logger)
{
    private const int RowsPerPartition = 2_000;
    private readonly TaskCompletionSource loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<string, Version[]> products = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> words = [];
    private readonly Dictionary<short, long> positions = [];
    private bool toldOfLimit;

    /// <summary>Completes when everything that was committed before the start is known.</summary>
    public Task Loaded => loaded.Task;

    public int Count => products.Count;

    public bool Knows(string code) => products.ContainsKey(code);

    /// <summary>
    /// What the product was at that moment; null when it is unknown. The first that was ever told counts for the time before it too, since
    /// shops sell things before somebody lists them.
    /// </summary>
    public KnownProduct? Find(string code, DateTimeOffset moment)
    {
        if (!products.TryGetValue(code, out var versions))
            return null;
        var at = versions.Length - 1;
        while (at > 0 && versions[at].Since > moment)
            at--;
        return new KnownProduct(code, versions[at].Category, versions[at].Brand);
    }

    /// <summary>The known ones among these products at that moment, each once; null when there is none.</summary>
    public IReadOnlyList<KnownProduct>? FindAll(IEnumerable<string> codes, DateTimeOffset moment)
    {
        if (products.IsEmpty)
            return null;
        var found = codes.Distinct(StringComparer.Ordinal).Select(c => Find(c, moment)).OfType<KnownProduct>().ToList();
        return found.Count == 0 ? null : found;
    }

    /// <summary>Learns everything that was committed before the call.</summary>
    public Task RefreshAsync(CancellationToken cancellation) => AloneAsync(
        async () =>
        {
            while (await ReadAsync(cancellation))
            {
            }
        },
        cancellation);

    protected override async Task LookAsync(CancellationToken cancellation)
    {
        await RefreshAsync(cancellation);
        loaded.TrySetResult();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await base.ExecuteAsync(stoppingToken);
        loaded.TrySetCanceled(stoppingToken);
    }

    // Answers whether there may be more.
    private async Task<bool> ReadAsync(CancellationToken cancellation)
    {
        await using var command = profile.Database.CreateCommand(
            """
            select v.partition, v.position, v.code, v.since, v.category, v.brand
            from heads h left join unnest($1::smallint[], $2::bigint[]) f (partition, position) on f.partition = h.partition
            cross join lateral (
              select * from product_versions x where x.partition = h.partition and x.position > coalesce(f.position, 0)
              order by x.position limit $3) v
            order by v.partition, v.position
            """);
        command.Parameters.Add(Statements.Smallints(positions.Keys.Select(p => (int)p)));
        command.Parameters.Add(Statements.Bigints(positions.Values));
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = RowsPerPartition });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var any = false;
        while (await row.ReadAsync(cancellation))
        {
            any = true;
            Learn(row.GetString(2), new Version(new DateTimeOffset(row.GetDateTime(3), TimeSpan.Zero), Word(row.GetString(4)), Word(row.GetString(5))));
            positions[row.GetInt16(0)] = row.GetInt64(1);
        }
        return any;
    }

    private void Learn(string code, Version version)
    {
        if (!products.TryGetValue(code, out var known))
        {
            if (products.Count < settings.CatalogueProductsMax)
                products[code] = [version];
            else if (!Interlocked.Exchange(ref toldOfLimit, true))
                LogFull(Logger, settings.CatalogueProductsMax);
            return;
        }
        var last = known[^1];
        if (last.Category == version.Category && last.Brand == version.Brand)
            return;
        // Of two versions of one moment the later corrects the earlier one.
        products[code] = last.Since == version.Since ? [.. known[..^1], version] : [.. known, version];
    }

    // Brands and categories repeat from product to product; each is kept once.
    private string Word(string text)
    {
        if (!words.TryGetValue(text, out var word))
            words.Add(text, word = text);
        return word;
    }

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "The catalogue has more than the {Max} products of Profile:CatalogueProductsMax; purchases of others stay bare")]
    private static partial void LogFull(ILogger logger, int max);

    private readonly record struct Version(DateTimeOffset Since, string Category, string Brand);
}
