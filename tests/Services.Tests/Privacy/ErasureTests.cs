using System.Net;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Services.Tests.Profile;
using Patron.Testing;

namespace Patron.Services.Tests.Privacy;

[TestFixture]
[CancelAfter(90_000)]
internal sealed class ErasureTests
{
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
    public async Task Whoever_is_erased_is_gone_from_every_service_and_the_receipt_says_so(CancellationToken cancellation)
    {
        var anna = await Anna.LiveAsync(host, cancellation);
        Assert.That(host.Mails.Catcher.Mails, Has.Count.EqualTo(1), "the welcome mail");
        var receipt = await host.EraseAsync(anna, cancellation);
        await host.Host.DrainAsync(cancellation);

        Assert.That(receipt["services"]!.AsArray().Select(s => (string?)s!["service"]), Is.EquivalentTo(WholeHost.Services));
        Assert.That(receipt["services"]!.AsArray().Select(s => (string?)s!["state"]), Is.All.EqualTo("confirmed"));
        Assert.That(RemovedAt(receipt, "profile")["identifiers"]!.GetValue<int>(), Is.EqualTo(3));
        Assert.That(RemovedAt(receipt, "email").ToJsonString(), Is.EqualTo("""{"contacts":1,"consents":1}"""));
        Assert.That(RemovedAt(receipt, "tagging").ToJsonString(), Is.EqualTo("{}"), "events have ended them");
        foreach (var path in new[] { $"/v1/customers/{anna}", $"/v1/profile/customers/{anna}/timeline" })
            Assert.That(await host.StatusAsync(path, cancellation), Is.EqualTo(HttpStatusCode.Gone), path);
        Assert.That((await host.ReadAsync($"/v1/tagging/customers/{anna}/tags", cancellation))["tags"]!.AsArray(), Is.Empty);
        Assert.That(
            (await host.ReadAsync($"/v1/segmentation/customers/{anna}", cancellation))["segments"]!.AsArray().Select(s => (bool)s!["member"]!), Is.All.False);
        Assert.That(await host.CountAsync("select count(*) from journey.timers where stream = $1", anna, cancellation), Is.Zero);
        Assert.That(await host.CountAsync("select count(*) from loyalty.timers where stream = $1", anna, cancellation), Is.Zero);
        Assert.That(
            await host.CountAsync("select count(*) from vault.customer_keys where customer = $1 and wrapped is null", anna, cancellation), Is.EqualTo(1));
    }

    [Test]
    public async Task The_books_keep_their_numbers_under_an_id_that_means_nothing(CancellationToken cancellation)
    {
        var anna = await Anna.LiveAsync(host, cancellation);
        var issued = await FigureAsync("loyalty", "points issued", cancellation);
        await host.EraseAsync(anna, cancellation);
        await host.Host.DrainAsync(cancellation);

        var ledger = await host.ReadAsync($"/v1/loyalty/customers/{anna}", cancellation);
        Assert.That(issued, Is.GreaterThan(0));
        Assert.That(await FigureAsync("loyalty", "points issued", cancellation), Is.EqualTo(issued));
        Assert.That(await FigureAsync("loyalty", "points expired", cancellation), Is.EqualTo(issued));
        Assert.That(await FigureAsync("loyalty", "points outstanding", cancellation), Is.Zero);
        Assert.That((long)ledger["balance"]!, Is.Zero);
    }

    [Test]
    public async Task A_tombstone_ends_the_contact_state_on_the_log(CancellationToken cancellation)
    {
        var anna = await Anna.LiveAsync(host, cancellation);
        await host.EraseAsync(anna, cancellation);
        await host.Host.DrainAsync(cancellation);

        var states = await host.Host.ReadTopicAsync(new Topic(Topics.ProfileCustomers, Compacted: true), cancellation);
        var facts = await host.Host.ReadTopicAsync(new Topic(Topics.Profile), cancellation);
        Assert.That(states.Single(s => s.Record.Key == anna.ToString("D")).Record.Value, Is.Null);
        Assert.That(facts[^1].Envelope.Type, Is.EqualTo("patron.profile.v1.CustomerErased"));
    }

    [Test]
    public async Task Who_is_named_by_a_former_identifier_is_somebody_new(CancellationToken cancellation)
    {
        var anna = await Anna.LiveAsync(host, cancellation);
        await host.EraseAsync(anna, cancellation);
        var again = await host.TellAsync(Events.Purchase("purchase-3", email: Anna.Email, currency: "GBP"), cancellation);
        await host.Host.DrainAsync(cancellation);

        Assert.That(again, Is.Not.EqualTo(anna));
        Assert.That((int)(await host.ReadAsync($"/v1/customers/{again}", cancellation))["identifiers"]!, Is.EqualTo(1));
        Assert.That(await host.CountAsync("select count(*) from tagging.tag_holder where customer = $1", again, cancellation), Is.EqualTo(1));
        Assert.That(await host.CountAsync("select count(*) from tagging.tag_holder where customer = $1", anna, cancellation), Is.Zero);
    }

    [Test]
    public async Task An_event_that_was_taken_before_is_still_recognised_and_tells_of_nobody(CancellationToken cancellation)
    {
        var anna = await Anna.LiveAsync(host, cancellation);
        await host.EraseAsync(anna, cancellation);
        using var answer = await Events.PostAsync(host.Http, Events.Purchase("purchase-1", Anna.Card, currency: "GBP"), cancellation);
        Assert.That((string?)(await answer.JsonAsync(cancellation))["events"]![0]!["status"], Is.EqualTo("repeated"));
    }

    [Test]
    public async Task A_legal_hold_refuses_until_it_is_lifted(CancellationToken cancellation)
    {
        var anna = await host.TellAsync(Anna.Update(), cancellation);
        using var held = await host.PostAsync($"/v1/customers/{anna}/hold", new { reason = "law", reference = "CASE-7" }, cancellation);
        using var refused = await host.PostAsync($"/v1/customers/{anna}/erasure", new { reason = "request", reference = "T-1" }, cancellation);
        using var lifted = await host.PostAsync($"/v1/customers/{anna}/hold/lift", new { reason = "law", reference = "CASE-7" }, cancellation);
        var receipt = await host.EraseAsync(anna, cancellation);

        var problem = await refused.JsonAsync(cancellation);
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That((string?)problem["type"], Does.EndWith("/legal-hold"));
        Assert.That((string?)problem["detail"], Does.Contain("CASE-7"));
        Assert.That((held.StatusCode, lifted.StatusCode), Is.EqualTo((HttpStatusCode.NoContent, HttpStatusCode.NoContent)));
        Assert.That((string?)receipt["state"], Is.EqualTo("complete"));
    }

    [Test]
    public async Task Asked_again_it_is_the_same_erasure(CancellationToken cancellation)
    {
        var anna = await host.TellAsync(Anna.Update(), cancellation);
        var both = await Task.WhenAll(host.AskForErasureAsync(anna, cancellation), host.AskForErasureAsync(anna, cancellation));
        var receipt = await host.CompletedAsync((Guid)both[0]["id"]!, cancellation);
        var later = await host.AskForErasureAsync(anna, cancellation);
        Assert.That(both.Append(later).Select(r => (Guid)r["id"]!), Is.All.EqualTo((Guid)receipt["id"]!));
    }

    [Test]
    public async Task Who_erases_says_why_without_saying_who_the_person_is(CancellationToken cancellation)
    {
        var anna = await host.TellAsync(Anna.Update(), cancellation);
        using var answer = await host.PostAsync($"/v1/customers/{anna}/erasure", new { reason = "because", reference = "Anna Ng asked" }, cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(
            (await answer.JsonAsync(cancellation))["errors"]!.AsArray().Select(e => (string?)e!["pointer"]), Is.EqualTo((string[])["/reason", "/reference"]));
    }

    [Test]
    public async Task Nobody_who_is_unknown_is_erased(CancellationToken cancellation)
    {
        using var answer = await host.PostAsync($"/v1/customers/{Guid.Empty}/erasure", new { reason = "request", reference = "T-1" }, cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    private static JsonNode RemovedAt(JsonNode receipt, string service) =>
        receipt["services"]!.AsArray().Single(s => (string?)s!["service"] == service)!["removed"]!;

    private async Task<long> FigureAsync(string service, string name, CancellationToken cancellation) =>
        (long)(await host.ReadAsync($"/v1/{service}/figures", cancellation)).AsArray().Single(f => (string?)f!["name"] == name)!["value"]!;
}
