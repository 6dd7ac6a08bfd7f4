using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Npgsql;
using NUnit.Framework;
using Patron.Runtime.Privacy;
using Patron.Services.Tests.Profile;
using Patron.Testing;

namespace Patron.Services.Tests.Privacy;

/// <summary>What every adapter of the port promises.</summary>
[CancelAfter(60_000)]
internal abstract class KeyWrappingContract
{
    protected abstract IKeyWrapping Wrapping { get; }

    /// <summary>Makes another master key the current one; the former ones still open.</summary>
    protected abstract IKeyWrapping Rotate();

    [Test]
    public async Task Keys_come_back_as_they_were_in_their_order(CancellationToken cancellation)
    {
        var keys = Keys(1_203);
        var wrapped = await Wrapping.WrapAsync(keys, cancellation);
        var opened = await Wrapping.UnwrapAsync([.. wrapped.Zip(keys, (w, k) => new OwnedKey(w, k.Owner))], cancellation);
        Assert.That(opened, Is.EqualTo(keys.Select(k => k.Key.ToArray())));
    }

    [Test]
    public async Task A_key_opens_for_no_other_owner(CancellationToken cancellation)
    {
        var wrapped = await Wrapping.WrapAsync(Keys(2), cancellation);
        Assert.That(
            async () => await Wrapping.UnwrapAsync([new OwnedKey(wrapped[0], "0"), new OwnedKey(wrapped[1], "somebody else")], cancellation),
            Throws.InstanceOf<CryptographicException>());
    }

    [Test]
    public async Task After_a_rotation_former_keys_open_and_are_wrapped_anew(CancellationToken cancellation)
    {
        var keys = Keys(3);
        var former = await Wrapping.WrapAsync(keys, cancellation);
        var prefix = await Wrapping.CurrentPrefixAsync(cancellation);
        var rotated = Rotate();
        var current = await rotated.CurrentPrefixAsync(cancellation);
        var anew = await rotated.RewrapAsync([.. former.Zip(keys, (w, k) => new OwnedKey(w, k.Owner))], cancellation);

        Assert.That(former.All(w => w.AsSpan().StartsWith(prefix)), Is.True);
        Assert.That(former.Any(w => w.AsSpan().StartsWith(current)), Is.False);
        Assert.That(anew.All(w => w.AsSpan().StartsWith(current)), Is.True);
        Assert.That(
            await rotated.UnwrapAsync([.. anew.Zip(keys, (w, k) => new OwnedKey(w, k.Owner))], cancellation), Is.EqualTo(keys.Select(k => k.Key.ToArray())));
    }

    protected static List<OwnedKey> Keys(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new OwnedKey(RandomNumberGenerator.GetBytes(SealedBox.KeyBytes), Events.Id(i)))];
}

[TestFixture]
internal sealed class MasterKeyWrappingTests : KeyWrappingContract
{
    private static readonly byte[] Old = [.. Enumerable.Repeat((byte)1, 32)];
    private static readonly byte[] New = [.. Enumerable.Repeat((byte)2, 32)];

    protected override IKeyWrapping Wrapping { get; } = new MasterKeys(Old);

    protected override IKeyWrapping Rotate() => new MasterKeys(New, Old);
}

[TestFixture]
internal sealed class TransitWrappingTests : KeyWrappingContract
{
    private TransitEngine engine = null!;

    protected override IKeyWrapping Wrapping => Open();

    [SetUp]
    public async Task StartAsync() => engine = await TransitEngine.StartAsync(CancellationToken.None);

    [TearDown]
    public async Task StopAsync() => await engine.DisposeAsync();

    protected override IKeyWrapping Rotate()
    {
        engine.Rotate();
        return Open();
    }

    [Test]
    public async Task Many_keys_are_one_call(CancellationToken cancellation)
    {
        await Wrapping.WrapAsync(Keys(TransitKeys.KeysPerCallMax + 1), cancellation);
        Assert.That(engine.Calls, Is.EqualTo(((string, int)[])[("encrypt", TransitKeys.KeysPerCallMax), ("encrypt", 1)]));
    }

    [Test]
    public void A_service_that_does_not_answer_is_given_up(CancellationToken cancellation)
    {
        engine.Hangs = true;
        Assert.That(async () => await Wrapping.WrapAsync(Keys(1), cancellation), Throws.InstanceOf<TaskCanceledException>());
    }

    [Test]
    public void A_refused_token_is_no_wrong_key(CancellationToken cancellation)
    {
        var stranger = new TransitKeys(() => new HttpClient { BaseAddress = new Uri(engine.Address, "/") }, "patron", TimeSpan.Zero, TimeProvider.System);
        Assert.That(
            async () => await stranger.WrapAsync(Keys(1), cancellation),
            Throws.InstanceOf<HttpRequestException>().With.Property(nameof(HttpRequestException.StatusCode)).EqualTo(HttpStatusCode.Forbidden));
    }

    private TransitKeys Open() => new(engine.Connect, "patron", TimeSpan.FromMinutes(1), TimeProvider.System);
}

/// <summary>The master key of a running profile is changed.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class RotationTests
{
    private static readonly string IdentifierKey = Convert.ToBase64String(SHA256.HashData("identifiers"u8));
    private static readonly string NewKey = Convert.ToBase64String(SHA256.HashData("another"u8));
    private static readonly (string, string) Identifiers = ("Vault:IdentifierKey", IdentifierKey);

    [Test]
    public async Task Every_key_is_wrapped_anew_in_batches_and_the_former_master_key_is_then_needless(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        Guid first;
        await using (var host = await ProfileHost.StartAsync(cancellation, database, Identifiers))
        {
            first = await TellAsync(host, 0, cancellation);
            for (var i = 1; i < 1_200; i += 300)
                await TellManyAsync(host, i, 300, cancellation);
            await IngestTopic.PublishAsync(host, "not JSON", cancellation);
            await IngestTopic.QuarantinedAsync(host, 1, cancellation);
        }

        await using (var host = await ProfileHost.StartAsync(
            cancellation, database, Identifiers, ("Vault:MasterKey", NewKey), ("Vault:FormerKeys:0", ProfileHost.MasterKey)))
        {
            Assert.That(await GivenNameAsync(host, first, cancellation), Is.EqualTo("美***"), "the former key still opens");
            var part = await RewrapAsync(host, "?max=700", cancellation);
            var rest = await RewrapAsync(host, "", cancellation);
            var again = await RewrapAsync(host, "", cancellation);
            Assert.That(part, Is.EqualTo((700, 502L)));
            Assert.That(rest, Is.EqualTo((502, 0L)));
            Assert.That(again, Is.EqualTo((0, 0L)));
        }

        await using (var host = await ProfileHost.StartAsync(cancellation, database, Identifiers, ("Vault:MasterKey", NewKey)))
        {
            Assert.That(await GivenNameAsync(host, first, cancellation), Is.EqualTo("美***"));
            var record = (await IngestTopic.QuarantinedAsync(host, 1, cancellation))[0]!;
            var body = JsonNode.Parse(await host.Http.GetStringAsync(new Uri($"/v1/quarantine/{record["id"]}", UriKind.Relative), cancellation))!;
            Assert.That((string?)body["body"], Is.EqualTo("not JSON"));
        }
    }

    [Test]
    public async Task A_key_that_is_destroyed_meanwhile_stays_destroyed(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using (var host = await ProfileHost.StartAsync(cancellation, database, Identifiers))
            await TellAsync(host, 0, cancellation);
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using (var destroy = source.CreateCommand("update vault.customer_keys set wrapped = null, destroyed_at = now()"))
            await destroy.ExecuteNonQueryAsync(cancellation);
        await using (var host = await ProfileHost.StartAsync(
            cancellation, database, Identifiers, ("Vault:MasterKey", NewKey), ("Vault:FormerKeys:0", ProfileHost.MasterKey)))
            Assert.That(await RewrapAsync(host, "", cancellation), Is.EqualTo((0, 0L)));
    }

    [Test]
    public async Task With_a_key_service_no_master_key_is_here_at_all(CancellationToken cancellation)
    {
        await using var engine = await TransitEngine.StartAsync(cancellation);
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        (string, string)[] settings =
            [Identifiers, ("Vault:MasterKey", ""), ("Vault:Transit:Address", engine.Address.ToString()), ("Vault:Transit:Token", TransitEngine.Token)];
        Guid customer;
        await using (var host = await ProfileHost.StartAsync(cancellation, database, settings))
            customer = await TellAsync(host, 0, cancellation);
        engine.Rotate();
        await using (var host = await ProfileHost.StartAsync(cancellation, database, settings))
        {
            Assert.That(await GivenNameAsync(host, customer, cancellation), Is.EqualTo("美***"));
            Assert.That(await RewrapAsync(host, "", cancellation), Is.EqualTo((1, 0L)));
        }
    }

    [Test]
    public void Where_the_master_key_was_changed_the_identifiers_need_a_key_of_their_own() => Assert.That(
        async () => await ProfileHost.StartAsync(
            CancellationToken.None, null, ("Vault:MasterKey", NewKey), ("Vault:FormerKeys:0", ProfileHost.MasterKey)),
        Throws.Exception.With.Message.Contains("Vault:IdentifierKey"));

    private static async Task<(int Rewrapped, long Remaining)> RewrapAsync(TestHost host, string query, CancellationToken cancellation)
    {
        using var answer = await host.Http.PostAsync(new Uri($"/v1/vault/rewrap{query}", UriKind.Relative), null, cancellation);
        var told = await answer.Content.ReadFromJsonAsync<JsonNode>(cancellation);
        return ((int)told!["rewrapped"]!, (long)told["remaining"]!);
    }

    private static async Task<Guid> TellAsync(TestHost host, int number, CancellationToken cancellation)
    {
        using var answer = await Events.PostAsync(host.Http, Update(number), cancellation);
        return Guid.Parse((string)(await answer.JsonAsync(cancellation))["events"]![0]!["customer"]!);
    }

    private static async Task TellManyAsync(TestHost host, int from, int count, CancellationToken cancellation)
    {
        using var answer = await Events.PostAsync(host.Http, Events.Many(count, i => Update(from + i)), cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
    }

    private static JsonObject Update(int number) =>
        Events.Update($"u-{number}", $"CARD{number}", data: new JsonObject { ["givenName"] = "美玲", ["familyName"] = "陳" });

    private static async Task<string?> GivenNameAsync(TestHost host, Guid customer, CancellationToken cancellation)
    {
        var view = JsonNode.Parse(await host.Http.GetStringAsync(new Uri($"/v1/customers/{customer}", UriKind.Relative), cancellation));
        return (string?)view!["details"]!["givenName"];
    }
}
