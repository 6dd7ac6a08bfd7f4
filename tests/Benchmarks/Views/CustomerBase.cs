using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using NpgsqlTypes;
using Patron.Benchmarks.Ingest;
using Patron.Profile;
using Patron.Runtime.EventLog;
using Patron.Runtime.Privacy;

namespace Patron.Benchmarks.Views;

/// <summary>
/// A brand's customers: some thousands came through the HTTP door and every service; the others are written straight into the tables as
/// copies of these, each under an id, a key and identifiers of its own. What both show is compared.
/// </summary>
internal sealed class CustomerBase : IAsyncDisposable
{
    private const int ManyFull = 1_000_000;
    private const int RealFull = 3_000;
    private const int PurchasesEach = 6;
    private const int PerCall = 500;
    private const int ComparedMax = 500;

    private readonly IngestPlace ingest;
    private readonly List<Guid> real = [];
    private readonly Guid[] modelOf;

    private CustomerBase(IngestPlace ingest, int copies) => (this.ingest, Copied, modelOf) = (ingest, new Guid[copies], new Guid[copies]);

    /// <summary>The copies, whose phone is <see cref="PhoneOf"/> their place.</summary>
    public Guid[] Copied { get; }

    public HttpClient Http => ingest.Http;

    public static string PhoneOf(int place) => string.Create(CultureInfo.InvariantCulture, $"+8526{place:0000000}");

    public static async Task<CustomerBase> BuildAsync(BenchPlace place, CancellationToken cancellation)
    {
        var ingest = await IngestPlace.StartAsync(
            place, cancellation, ("Clienteling:LookupsPerMinuteMax", "1000000000"), ("Clienteling:MissesPerMinuteMax", "1000000"));
        var customers = new CustomerBase(ingest, place.Of(ManyFull, least: 200));
        await customers.BuyAsync(place.Of(RealFull, least: 20), cancellation);
        await customers.CopyAsync(cancellation);
        await customers.CompareAsync(cancellation);
        return customers;
    }

    public ValueTask DisposeAsync() => ingest.DisposeAsync();

    /// <summary>The real path: details, a consent and purchases by HTTP, until every service has acted on them and the view shows it.</summary>
    private async Task BuyAsync(int customers, CancellationToken cancellation)
    {
        foreach (var numbers in Enumerable.Range(0, customers).Chunk(PerCall))
            real.AddRange(await ingest.SendAsync(Encoding.UTF8.GetBytes($"[{string.Join(',', numbers.Select(Update))}]"), cancellation));
        await ingest.SendAsync(ingest.Calls(customers * PurchasesEach, PerCall, i => i % customers), 2, cancellation);
        await ingest.DrainAsync(cancellation);
    }

    private async Task CopyAsync(CancellationToken cancellation)
    {
        await using var source = NpgsqlDataSource.Create(ingest.Database.ConnectionString + ";Command Timeout=1800");
        await using var connection = await source.OpenConnectionAsync(cancellation);
        var models = await ModelsAsync(connection, cancellation);
        await RunAsync(
            connection,
            "create table bench_copies (customer uuid, model uuid, partition smallint, version int, state text, wrapped bytea, phone uuid)",
            cancellation);
        await WriteCopiesAsync(connection, models, cancellation);
        await RunAsync(
            connection,
            """
            insert into profile.streams (stream, customer, partition, kind, version, shape, state)
            select b.customer, b.customer, b.partition, s.kind, s.version, s.shape, b.state
            from bench_copies b join profile.streams s on s.stream = b.model;
            insert into vault.customer_keys (customer, wrapped) select customer, wrapped from bench_copies;
            insert into profile.identifiers (kind, hash, customer) select 2, phone, customer from bench_copies;
            insert into profile_customer360_g1.customer360 (customer, erased, summary)
            select b.customer, v.erased, v.summary from bench_copies b join profile_customer360_g1.customer360 v on v.customer = b.model;
            insert into profile_customer360_g1.customer360_story (customer, happened, source, partition, position, time, fact, data)
            select b.customer, s.happened, s.source, s.partition, s.position, s.time, s.fact, s.data
            from bench_copies b join profile_customer360_g1.customer360_story s on s.customer = b.model;
            drop table bench_copies
            """,
            cancellation);
        await RunAsync(connection, "vacuum analyze", cancellation);
    }

    private async Task WriteCopiesAsync(
        NpgsqlConnection connection, List<(Guid Customer, CustomerProfile Profile, CustomerKey Key)> models, CancellationToken cancellation)
    {
        var (masters, hash) = (ingest.Services.GetRequiredService<IKeyWrapping>(), ingest.Services.GetRequiredService<KeyedHash>());
        var partitions = ingest.Services.GetRequiredService<IEventLog>().Partitions;
        await using var copy = await connection.BeginBinaryImportAsync(
            "copy bench_copies (customer, model, partition, version, state, wrapped, phone) from stdin (format binary)", cancellation);
        for (var i = 0; i < Copied.Length; i++)
        {
            var (model, profile, modelKey) = models[i % models.Count];
            var key = new CustomerKey(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), RandomNumberGenerator.GetBytes(CustomerKey.KeyBytes));
            (Copied[i], modelOf[i]) = (key.Customer, model);
            var own = profile with { Details = Resealed(profile.Details, modelKey, key, PhoneOf(i)) };
            await copy.StartRowAsync(cancellation);
            await copy.WriteAsync(key.Customer, NpgsqlDbType.Uuid, cancellation);
            await copy.WriteAsync(model, NpgsqlDbType.Uuid, cancellation);
            await copy.WriteAsync((short)CustomerPartition.Of(key.Customer, partitions), NpgsqlDbType.Smallint, cancellation);
            await copy.WriteAsync(1, NpgsqlDbType.Integer, cancellation);
            await copy.WriteAsync(JsonSerializer.Serialize(own, ProfileJson.Default.CustomerProfile), NpgsqlDbType.Text, cancellation);
            var wrapped = await masters.WrapAsync([new OwnedKey(key.Export(), key.Customer.ToString("D"))], cancellation);
            await copy.WriteAsync(wrapped[0], NpgsqlDbType.Bytea, cancellation);
            await copy.WriteAsync(hash.Of(IdentifierKind.Phone, PhoneOf(i)).Hash, NpgsqlDbType.Uuid, cancellation);
        }
        await copy.CompleteAsync(cancellation);
    }

    private async Task<List<(Guid Customer, CustomerProfile Profile, CustomerKey Key)>> ModelsAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var keys = await ingest.Services.GetRequiredService<ICustomerKeys>().GetAsync(real, cancellation);
        await using var command = new NpgsqlCommand("select stream, state from profile.streams where stream = any($1)", connection);
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. real] });
        var models = new List<(Guid, CustomerProfile, CustomerKey)>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            models.Add((row.GetGuid(0), JsonSerializer.Deserialize(row.GetString(1), ProfileJson.Default.CustomerProfile)!, keys[row.GetGuid(0)]));
        return models;
    }

    private static SealedDetails Resealed(SealedDetails details, CustomerKey from, CustomerKey to, string phone)
    {
        return new SealedDetails(
            Again(details.GivenName, SealedFields.GivenName), Again(details.FamilyName, SealedFields.FamilyName), Again(details.Email, SealedFields.Email),
            to.Seal(phone, SealedFields.Phone), Again(details.Language, SealedFields.Language), Again(details.TimeZone, SealedFields.TimeZone),
            Again(details.Country, SealedFields.Country));

        string? Again(string? sealedText, string field) => sealedText is null ? null : to.Seal(from.Unseal(sealedText, field), field);
    }

    /// <summary>A copy shows what its model shows, but for its id, its phone, and how far its partition is.</summary>
    /// <exception cref="InvalidOperationException">They differ, so the figures would be of something else.</exception>
    private async Task CompareAsync(CancellationToken cancellation)
    {
        for (var i = 0; i < Math.Min(ComparedMax, Copied.Length); i++)
        {
            var (copy, model) = (await ShownAsync(Copied[i], cancellation), await ShownAsync(modelOf[i], cancellation));
            if (copy != model)
                throw new InvalidOperationException($"A copy shows {copy}, and its model {model}.");
        }
    }

    private async Task<string> ShownAsync(Guid customer, CancellationToken cancellation)
    {
        var view = JsonNode.Parse(await Http.GetStringAsync(new Uri($"/v1/customers/{customer:D}", UriKind.Relative), cancellation))!.AsObject();
        var lines = JsonNode.Parse(await Http.GetStringAsync(new Uri($"/v1/customers/{customer:D}/timeline", UriKind.Relative), cancellation))!;
        view.Remove("id");
        view.Remove("freshness");
        view["details"]!["phone"] = null;
        // What profile keeps private is in its own events, which copies have none of.
        var facts = lines["entries"]!.AsArray().Where(e =>
            (string)e!["service"]! != "profile" || ((string)e["what"]!).StartsWith("Bought", StringComparison.Ordinal));
        return view.ToJsonString() + string.Join('\n', facts.Select(e => $"{e!["time"]} {e["what"]}"));
    }

    private static string Update(int number) => string.Create(
        CultureInfo.InvariantCulture,
        $$$"""
        {"specversion":"1.0","type":"patron.ingest.v1.CustomerUpdate","source":"/crm/bench","id":"u{{{number}}}",
        "time":"{{{TimeProvider.System.GetUtcNow():yyyy-MM-ddTHH:mm:ssZ}}}","datacontenttype":"application/json","data":{
        "customer":{"loyaltyCard":"card-{{{number}}}","email":"person{{{number}}}@example.com","phone":"+8529{{{1_234_567 + number:0000000}}}"},
        "givenName":"Given{{{number}}}","familyName":"Family{{{number}}}","language":"zh-Hant-HK","timeZone":"Asia/Hong_Kong","country":"HK",
        "consents":[{"channel":"email","purpose":"marketing","state":"CONSENT_STATE_GRANTED","wording":"bench"}]}}
        """);

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
