using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using NpgsqlTypes;
using Patron.Profile;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;
using Patron.Testing;

namespace Patron.Benchmarks.Identity;

/// <summary>
/// Profile alone, whose tables know customers by card; every fifth was an anonymous device first, which was merged into them later.
/// </summary>
internal sealed class IdentityPlace : IAsyncDisposable
{
    /// <summary>Events of one call, as touchpoints send them.</summary>
    public const int PerCall = 1_000;

    private const int DeviceEvery = 5;

    // Spreads the events over all customers: prime to their numbers.
    private const int Stride = 7_919;

    private readonly TestDatabase database;
    private readonly TestHost host;
    private readonly IdentifierHash[] cards;
    private readonly IdentifierHash[] devices;

    private IdentityPlace(TestDatabase database, TestHost host, IdentifierHash[] cards, IdentifierHash[] devices) =>
        (this.database, this.host, this.cards, this.devices) = (database, host, cards, devices);

    public NpgsqlDataSource Database => host.Service("profile").Database;

    public static async Task<IdentityPlace> StartAsync(BenchPlace place, int customers, CancellationToken cancellation)
    {
        var database = await place.CreateDatabaseAsync(cancellation);
        var host = await TestHost.StartAsync(
            builder => builder.AddProfile(), app => app.MapProfile(), cancellation, database,
            new Dictionary<string, string> { ["Vault:MasterKey"] = Convert.ToBase64String(new byte[CustomerKey.KeyBytes]) });
        var hash = host.Services.GetRequiredService<KeyedHash>();
        var cards = Enumerable.Range(0, customers).Select(i => HashOf(hash, IdentifierKind.Card, i)).ToArray();
        var devices = Enumerable.Range(0, Math.Max(1, customers / DeviceEvery)).Select(i => HashOf(hash, IdentifierKind.Device, i)).ToArray();
        var known = new IdentityPlace(database, host, cards, devices);
        await known.FillAsync(cancellation);
        return known;
    }

    /// <summary>The history, call by call: every fifth event names a device that became known, the others a card.</summary>
    public List<List<Told>> Calls(int events, int from)
    {
        var calls = new List<List<Told>>();
        foreach (var call in Enumerable.Range(from, events).Chunk(PerCall))
        {
            calls.Add([.. call.Select(i => Named(i % DeviceEvery == 0 ? Spread(devices, i) : Spread(cards, i)))]);
        }
        return calls;
    }

    /// <summary>Identities as the service has them, with nothing in mind yet.</summary>
    /// <param name="known">The most identifiers kept in mind.</param>
    public Identities Identities(int known)
    {
        var settings = host.Services.GetRequiredService<ProfileSettings>();
        var clock = host.Services.GetRequiredService<SystemClock>();
        return new Identities(
            host.Service("profile"), host.Services.GetRequiredService<MatchingRules>(),
            new BoundedCache<IdentifierHash, Owner>(known, settings.KnownIdentifiersLifetime, clock),
            new BoundedCache<Pair, ConflictCause?>(known, settings.KnownIdentifiersLifetime, clock), host.Clock);
    }

    public int KnownMax => host.Services.GetRequiredService<ProfileSettings>().KnownIdentifiersMax;

    /// <summary>Finds whom every event is about.</summary>
    /// <exception cref="InvalidOperationException">An event was about nobody, or about a device instead of the customer it became.</exception>
    public static async Task ResolveAsync(Identities identities, List<List<Told>> calls, CancellationToken cancellation)
    {
        var nothing = new Dictionary<Pair, ConflictCause?>();
        foreach (var call in calls)
        {
            var matches = await identities.RecogniseAsync(call, nothing, cancellation);
            if (matches.New.Count > 0 || matches.Who.Any(w => w?.Known == true ? w.Origin is not null : w?.Origin is null))
                throw new InvalidOperationException("An event of the history was not resolved to its customer.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        await database.DisposeAsync();
    }

    private async Task FillAsync(CancellationToken cancellation)
    {
        await using var connection = await Database.OpenConnectionAsync(cancellation);
        await using (var copy = await connection.BeginBinaryImportAsync("copy identifiers (kind, hash, customer) from stdin (format binary)", cancellation))
        {
            foreach (var (hash, node) in cards.Select((h, i) => (h, Customer(i))).Concat(devices.Select((h, i) => (h, Device(i)))))
            {
                await copy.StartRowAsync(cancellation);
                await copy.WriteAsync((short)hash.Kind, NpgsqlDbType.Smallint, cancellation);
                await copy.WriteAsync(hash.Hash, NpgsqlDbType.Uuid, cancellation);
                await copy.WriteAsync(node, NpgsqlDbType.Uuid, cancellation);
            }
            await copy.CompleteAsync(cancellation);
        }

        await using var batch = new NpgsqlBatch(connection);
        var (nodes, roots) = (devices.Select((_, i) => Device(i)).ToList(), devices.Select((_, i) => Customer(i)).ToList());
        Statements.Add(
            batch, "insert into anonymous (node, taken_by) select * from unnest($1::uuid[], $2::uuid[])",
            Statements.Uuids(nodes), Statements.Uuids(roots));
        Statements.Add(
            batch, "insert into aliases (node, parent, root, link) select node, root, root, node from unnest($1::uuid[], $2::uuid[]) d (node, root)",
            Statements.Uuids(nodes), Statements.Uuids(roots));
        Statements.Add(batch, "update identifiers i set merged = true from aliases a where a.node = i.customer");
        await batch.ExecuteNonQueryAsync(cancellation);

        // As it would be after a while; otherwise whoever reads a row first would pay for its having been written.
        await using var vacuum = new NpgsqlCommand("vacuum (analyze) identifiers, aliases, anonymous", connection);
        await vacuum.ExecuteNonQueryAsync(cancellation);
    }

    private static IdentifierHash HashOf(KeyedHash hash, IdentifierKind kind, int number) =>
        hash.Of(kind, number.ToString(CultureInfo.InvariantCulture));

    private static IdentifierHash Spread(IdentifierHash[] hashes, int number) => hashes[(int)((long)number * Stride % hashes.Length)];

    private static Told Named(IdentifierHash hash) =>
        new("", "/bench", "", default, default, default, [new Identifier(hash.Kind, "", hash)], new Details(), [], null);

    // Ids of the order in which customers were met, as version 7 gives them.
    private static Guid Customer(int number) => new(number, 1, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 1);

    private static Guid Device(int number) => new(number, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 2);
}
