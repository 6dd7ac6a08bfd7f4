using System.Net;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Services.Tests.Profile;
using Patron.Testing;

namespace Patron.Services.Tests.Privacy;

[TestFixture]
[CancelAfter(90_000)]
internal sealed class ExportTests
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
    public async Task Everything_that_is_stored_of_a_person_is_in_the_export_of_them(CancellationToken cancellation)
    {
        var anna = await Anna.LiveAsync(host, cancellation);
        var export = await ExportAsync(anna, cancellation);
        var items = export["items"]!.AsArray();

        var stored = new List<string>();
        foreach (var service in WholeHost.Services)
        {
            await using var command = host.Database.CreateCommand(
                $"select type from {service}.events where customer = $1 order by type");
            command.Parameters.Add(new Npgsql.NpgsqlParameter<Guid> { TypedValue = anna });
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                stored.Add(row.GetString(0));
        }

        Assert.That(stored.Distinct().Count(), Is.GreaterThan(12));
        Assert.That(items.Where(i => (string?)i!["kind"] == "event").Select(i => (string?)i!["name"]), Is.EquivalentTo(stored));
        Assert.That(
            items.Where(i => (string?)i!["kind"] == "row").Select(i => $"{i!["service"]}.{i["name"]}").Distinct(),
            Is.EquivalentTo((string[])
                [
                    "profile.identifiers", "tagging.tag_holder", "segmentation.segment_member", "email.contacts", "email.consents",
                ]));
        Assert.That(items.Count(i => (string?)i!["kind"] == "timer"), Is.GreaterThan(0));
        Assert.That((bool)export["complete"]!, Is.True);
    }

    [Test]
    public async Task What_is_sealed_is_opened_for_the_person(CancellationToken cancellation)
    {
        var anna = await Anna.LiveAsync(host, cancellation);
        var items = (await ExportAsync(anna, cancellation))["items"]!.AsArray();
        var details = items.First(i => (string?)i!["name"] == "profile.details-changed.v2")!["data"]!["details"]!;
        var contact = items.Single(i => (string?)i!["name"] == "contacts")!["data"]!;

        Assert.That(((string?)details["givenName"], (string?)details["email"], (string?)details["country"]), Is.EqualTo(("Anna", Anna.Email, "HK")));
        Assert.That(
            items.Where(i => (string?)i!["name"] == "profile.identifier-linked.v1").Select(i => (string?)i!["data"]!["sealedValue"]),
            Is.EquivalentTo((string[])[Anna.Card, Anna.Phone, Anna.Email]));
        Assert.That(((string?)contact["given_name"], (string?)contact["email"]), Is.EqualTo(("Anna", Anna.Email)));
        Assert.That(Sealed(items), Is.Empty, "a field under seal that no service opens: name it in SealedPlaces or CustomerTables");
    }

    [Test]
    public async Task Who_exported_and_why_is_kept_before_anything_is_handed_out(CancellationToken cancellation)
    {
        var anna = await host.TellAsync(Anna.Update(), cancellation);
        var export = await ExportAsync(anna, cancellation);
        var audit = export["items"]!.AsArray().Single(i => (string?)i!["name"] == "profile.export-made.v1")!["data"]!;
        Assert.That(((string?)audit["reason"], (string?)audit["reference"], (string?)audit["by"]), Is.EqualTo(("request", "T-2", "test")));
    }

    [Test]
    public async Task A_body_in_quarantine_that_names_the_person_is_part_of_it(CancellationToken cancellation)
    {
        var anna = await host.TellAsync(Anna.Update(), cancellation);
        await IngestTopic.PublishAsync(host.Host, $"call {Anna.Email}", cancellation);
        await IngestTopic.PublishAsync(host.Host, "call somebody@else.example", cancellation);
        await IngestTopic.QuarantinedAsync(host.Host, 2, cancellation);
        var items = (await ExportAsync(anna, cancellation))["items"]!.AsArray();
        Assert.That(
            items.Where(i => (string?)i!["kind"] == "quarantined").Select(i => (string?)i!["data"]!["body"]), Is.EqualTo((string[])[$"call {Anna.Email}"]));
    }

    [Test]
    public async Task An_export_that_lacks_a_service_says_so(CancellationToken cancellation)
    {
        await host.DisposeAsync();
        host = await WholeHost.StartAsync(
            database, CancellationToken.None, settings: [("Peers:loyalty", "http://127.0.0.1:1"), ("Privacy:AnswerWithin", "00:00:02")]);
        var anna = await host.TellAsync(Anna.Update(), cancellation);
        var export = await ExportAsync(anna, cancellation);
        Assert.That((bool)export["complete"]!, Is.False);
        Assert.That(export["missing"]!.ToJsonString(), Is.EqualTo("""["loyalty"]"""));
    }

    [Test]
    public async Task Nothing_is_handed_out_of_somebody_erased_or_unknown(CancellationToken cancellation)
    {
        var anna = await host.TellAsync(Anna.Update(), cancellation);
        await host.EraseAsync(anna, cancellation);
        using var gone = await host.PostAsync($"/v1/customers/{anna}/export", new { reason = "request", reference = "T-2" }, cancellation);
        using var unknown = await host.PostAsync($"/v1/customers/{Guid.Empty}/export", new { reason = "request", reference = "T-2" }, cancellation);
        Assert.That((gone.StatusCode, unknown.StatusCode), Is.EqualTo((HttpStatusCode.Gone, HttpStatusCode.NotFound)));
    }

    [Test]
    public async Task Every_table_with_rows_of_customers_is_declared_by_its_service(CancellationToken cancellation)
    {
        string[] ofTheRuntime = ["events", "streams", "timers", "parked", "discarded", "erased", "links"];
        await using var command = host.Database.CreateCommand(
            """
            select table_schema, table_name from information_schema.columns
            where column_name in ('customer', 'customer_id') and data_type = 'uuid' and table_schema = any($1) and table_name <> all($2)
            """);
        command.Parameters.Add(new Npgsql.NpgsqlParameter<string[]> { TypedValue = [.. WholeHost.Services] });
        command.Parameters.Add(new Npgsql.NpgsqlParameter<string[]> { TypedValue = ofTheRuntime });
        var found = new List<string>();
        await using (var row = await command.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation))
                found.Add($"{row.GetString(0)}.{row.GetString(1)}");
        }

        var declared = WholeHost.Services.SelectMany(s => host.Host.Service(s).Definition.CustomerTables.Select(t => $"{s}.{t.Name}"));
        Assert.That(found, Is.EquivalentTo(declared), "an export would not show it, and an erasure would leave it");
    }

    private async Task<JsonNode> ExportAsync(Guid customer, CancellationToken cancellation)
    {
        using var answer = await host.PostAsync($"/v1/customers/{customer}/export", new { reason = "request", reference = "T-2" }, cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(answer.Content.Headers.ContentType!.MediaType, Is.EqualTo("application/json"));
        return await answer.JsonAsync(cancellation);
    }

    // What a seal looks like: base64 of at least a nonce, a byte and a tag. Ids and names of events are no base64 of such a length.
    private static List<string> Sealed(JsonNode node)
    {
        var texts = new List<string>();
        Collect(node);
        return texts;

        void Collect(JsonNode? part)
        {
            switch (part)
            {
                case JsonObject fields:
                    foreach (var field in fields)
                        Collect(field.Value);
                    break;
                case JsonArray items:
                    foreach (var item in items)
                        Collect(item);
                    break;
                case JsonValue value when value.TryGetValue<string>(out var text) && IsSealed(text):
                    texts.Add($"{part.GetPath()}: {text}");
                    break;
            }
        }
    }

    private static bool IsSealed(string text)
    {
        const int nonceAndTagBytes = 28;
        var bytes = new byte[text.Length];
        return text.Length % 4 == 0 && Convert.TryFromBase64String(text, bytes, out var length) && length > nonceAndTagBytes;
    }
}
