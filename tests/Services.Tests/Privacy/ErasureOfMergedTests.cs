using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Profile;
using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;
using Patron.Services.Tests.Profile;
using Patron.Testing;

namespace Patron.Services.Tests.Privacy;

[TestFixture]
[CancelAfter(90_000)]
internal sealed class ErasureOfMergedTests
{
    private const string Email = "other.chan@cust.example";
    private TestDatabase database = null!;
    private WholeHost host = null!;

    [SetUp]
    public async Task StartAsync()
    {
        database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);
        host = await WholeHost.StartAsync(database, CancellationToken.None);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await host.DisposeAsync();
        await database.DisposeAsync();
    }

    [Test]
    public async Task Everybody_who_was_merged_into_the_person_is_erased_with_them(CancellationToken cancellation)
    {
        var (anna, other, _) = await MergedAsync(cancellation);
        var receipt = await host.EraseAsync(other, cancellation);
        await host.Host.DrainAsync(cancellation);

        Assert.That((Guid)receipt["customer"]!, Is.EqualTo(anna));
        Assert.That(receipt["aliases"]!.AsArray().Select(a => (Guid)a!), Is.EqualTo((Guid[])[other]));
        foreach (var customer in (Guid[])[anna, other])
        {
            Assert.That(await host.StatusAsync($"/v1/customers/{customer}", cancellation), Is.EqualTo(HttpStatusCode.Gone));
            Assert.That(await KeysAsync(customer, cancellation), Is.Zero);
            Assert.That(await host.CountAsync("select count(*) from tagging.erased where customer = $1", customer, cancellation), Is.EqualTo(1));
        }

        Assert.That(await host.CountAsync("select count(*) from tagging.tag_holder where customer = $1", other, cancellation), Is.Zero);
        Assert.That(await host.TellAsync(Events.Purchase("p-2", "OTHER001", currency: "GBP"), cancellation), Is.Not.EqualTo(anna).And.Not.EqualTo(other));
    }

    [Test]
    public async Task Whoever_was_parted_before_is_erased_alone_and_leaves_nothing_with_the_other(CancellationToken cancellation)
    {
        var (anna, other, link) = await MergedAsync(cancellation);
        var told = Events.Update("o-2", "OTHER001", Email, null, new JsonObject { ["givenName"] = "Canary-While-Merged" });
        Assert.That(await host.TellAsync(told, cancellation), Is.EqualTo(anna));
        // What Anna tells herself is kept with a copy of all that is known at that moment.
        await host.TellAsync(Events.Update("a-2", Anna.Card, null, null, new JsonObject { ["familyName"] = "Ng-Lee" }), cancellation);
        using (var undone = await host.PostAsync($"/v1/customers/merges/{link}/undo", new { reason = "two people", who = "Mei" }, cancellation))
            Assert.That(undone.StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        await host.Host.DrainAsync(cancellation);
        var key = (await KeyOfAsync(anna, cancellation))!;
        var before = await OpenedAsync(anna, key, cancellation);
        var receipt = await host.EraseAsync(other, cancellation);
        var after = await OpenedAsync(anna, key, cancellation);
        var state = await host.ReadAsync($"/v1/customers/{anna}", cancellation);

        Assert.That(before, Does.Contain("Canary-While-Merged").And.Contain(Email), "what this test would find");
        Assert.That(receipt["aliases"]!.AsArray(), Is.Empty);
        Assert.That(after, Does.Not.Contain("Canary-While-Merged").And.Not.Contain(Email));
        Assert.That(after, Does.Contain(Anna.Email).And.Contain("Ng-Lee"), "the other keeps what is theirs");
        Assert.That((string?)state["details"]!["givenName"], Is.EqualTo("A***"));
        Assert.That(await host.StatusAsync($"/v1/customers/{other}", cancellation), Is.EqualTo(HttpStatusCode.Gone));
        Assert.That(await KeysAsync(anna, cancellation), Is.EqualTo(1));
    }

    [Test]
    public async Task An_erased_customer_is_merged_with_nobody_and_parted_from_nobody(CancellationToken cancellation)
    {
        var (anna, _, link) = await MergedAsync(cancellation);
        var third = await host.TellAsync(Events.Update("t", "THIRD001", email: "third@cust.example"), cancellation);
        await host.EraseAsync(anna, cancellation);
        using var merged = await host.PostAsync(
            "/v1/customers/merges", new { customers = (Guid[])[anna, third], reason = "a test", who = "Mei", despiteConflicts = true }, cancellation);
        using var undone = await host.PostAsync($"/v1/customers/merges/{link}/undo", new { reason = "two people", who = "Mei" }, cancellation);

        Assert.That((merged.StatusCode, undone.StatusCode), Is.EqualTo((HttpStatusCode.Conflict, HttpStatusCode.Conflict)));
        Assert.That(await host.StatusAsync($"/v1/customers/{third}", cancellation), Is.EqualTo(HttpStatusCode.OK));
    }

    private async Task<(Guid Anna, Guid Other, Guid Link)> MergedAsync(CancellationToken cancellation)
    {
        var anna = await host.TellAsync(Anna.Update(), cancellation);
        // Who was met first stays.
        await host.Host.AdvanceToAsync(host.Host.Clock.GetUtcNow().AddMinutes(1), cancellation);
        var other = await host.TellAsync(Events.Update("o", "OTHER001", Email), cancellation);
        await host.TellAsync(Events.Purchase("p", "OTHER001", currency: "GBP"), cancellation);
        await host.Host.DrainAsync(cancellation);
        using var merged = await host.PostAsync(
            "/v1/customers/merges", new { customers = (Guid[])[anna, other], reason = "one person", who = "Mei", despiteConflicts = true }, cancellation);
        Assert.That(merged.StatusCode, Is.EqualTo(HttpStatusCode.OK), await merged.Content.ReadAsStringAsync(cancellation));
        var answer = await merged.JsonAsync(cancellation);
        Assert.That((Guid)answer["customer"]!, Is.EqualTo(anna));
        await host.Host.DrainAsync(cancellation);
        return (anna, other, (Guid)answer["link"]!);
    }

    /// <summary>Everything that profile's events of a customer hold, seals opened.</summary>
    private async Task<string> OpenedAsync(Guid customer, CustomerKey key, CancellationToken cancellation)
    {
        var opener = new Patron.Runtime.Processing.SealOpener(host.Host.Service("profile").Definition);
        var texts = new List<string>();
        await using var command = host.Database.CreateCommand("select type, data from profile.events where stream = $1 order by version");
        command.Parameters.Add(new Npgsql.NpgsqlParameter<Guid> { TypedValue = customer });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            var item = new Patron.Runtime.Processing.ExportedItem("profile", "event", row.GetString(0), null, JsonNode.Parse(row.GetString(1))!.AsObject());
            opener.Open(item, key);
            texts.Add(item.Data.ToJsonString());
        }

        return string.Join('\n', texts);
    }

    private async Task<CustomerKey?> KeyOfAsync(Guid customer, CancellationToken cancellation)
    {
        using var answer = await host.Http.PostAsJsonAsync(new Uri(ProfileKeys.Path, UriKind.Relative), new KeysWanted([customer]), cancellation);
        var keys = (await answer.JsonAsync(cancellation))["keys"]!;
        return new CustomerKey(customer, Convert.FromBase64String((string)keys[customer.ToString("D")]!));
    }

    private Task<long> KeysAsync(Guid customer, CancellationToken cancellation) =>
        host.CountAsync("select count(*) from vault.customer_keys where customer = $1 and wrapped is not null", customer, cancellation);
}
