using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;
using NUnit.Framework;
using Patron.Profile;
using Patron.Runtime.Hosting;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>The registry of event types: published, changed only by looser versions, the same in every instance.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class EventTypeTests
{
    private const string Type = "Review Posted";
    private TestDatabase database = null!;
    private TestHost host = null!;

    [SetUp]
    public async Task StartAsync()
    {
        database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);
        host = await ProfileHost.StartAsync(CancellationToken.None, database);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await host.DisposeAsync();
        await database.DisposeAsync();
    }

    [Test]
    public async Task Segments_e_commerce_names_are_there_from_the_start(CancellationToken cancellation)
    {
        var names = (await Behaviours.GetAsync(host, "/v1/event-types", cancellation))["types"]!.AsArray().Select(t => (string?)t!["name"]);
        Assert.That(names, Is.SupersetOf((string[])
        [
            "Products Searched", "Product List Viewed", "Product List Filtered", "Promotion Viewed", "Promotion Clicked", "Product Clicked",
            "Product Viewed", "Product Added", "Product Removed", "Cart Viewed", "Checkout Started", "Checkout Step Viewed", "Checkout Step Completed",
            "Payment Info Entered", "Order Updated", "Order Completed", "Order Refunded", "Order Cancelled", "Coupon Entered", "Coupon Applied",
            "Coupon Denied", "Coupon Removed", "Product Added to Wishlist", "Product Removed from Wishlist", "Wishlist Product Added to Cart",
            "Product Shared", "Cart Shared", "Product Reviewed", "Page Viewed", "Screen Viewed", "Group Joined",
        ]));
    }

    [Test]
    public async Task Every_type_that_comes_with_Patron_has_a_schema_that_could_be_registered(CancellationToken cancellation)
    {
        var errors = new FieldErrors();
        foreach (var type in (await Behaviours.GetAsync(host, "/v1/event-types", cancellation))["types"]!.AsArray())
        {
            var schema = await Behaviours.GetAsync(host, (string)type!["schema"]!, cancellation);
            new SchemaReader(TimeSpan.FromSeconds(1)).Read(JsonSerializer.SerializeToElement(schema), errors);
        }
        Assert.That(errors.Found, Is.Empty);
    }

    [TestCase("ingest", HttpStatusCode.OK, HttpStatusCode.Forbidden)]
    [TestCase("read", HttpStatusCode.OK, HttpStatusCode.Forbidden)]
    [TestCase("keys", HttpStatusCode.Forbidden, HttpStatusCode.Forbidden)]
    [TestCase("operate", HttpStatusCode.OK, HttpStatusCode.Created)]
    public async Task Whoever_sends_or_reads_events_may_look_types_up_and_operators_register_them(string scope, HttpStatusCode look, HttpStatusCode register)
    {
        var key = ApiKey.Create();
        await using var guarded = await ProfileHost.StartAsync(
            CancellationToken.None, database, ("Api:Keys:other:Hash", key.Hash), ("Api:Keys:other:Scopes:0", scope));
        guarded.Http.DefaultRequestHeaders.Remove("X-Api-Key");
        guarded.Http.DefaultRequestHeaders.Add("X-Api-Key", key.Text);
        using var looked = await guarded.Http.GetAsync(new Uri("/v1/event-types", UriKind.Relative));
        using var registered = await Behaviours.RegisterAsync(guarded, Type, Behaviours.Review, CancellationToken.None);
        Assert.That((looked.StatusCode, registered.StatusCode), Is.EqualTo((look, register)));
    }

    [Test]
    public async Task A_list_is_read_in_pages_by_name(CancellationToken cancellation)
    {
        var first = (await Behaviours.GetAsync(host, "/v1/event-types?limit=2", cancellation))["types"]!.AsArray();
        var second = (await Behaviours.GetAsync(host, $"/v1/event-types?limit=1&after={first[1]!["name"]}", cancellation))["types"]!.AsArray();
        Assert.That(first.Concat(second).Select(t => (string?)t!["name"]), Is.EqualTo((string[])["Cart Shared", "Cart Viewed", "Checkout Started"]));
    }

    [Test]
    public async Task A_registered_schema_is_published_as_it_was_sent(CancellationToken cancellation)
    {
        using var registered = await Behaviours.RegisterAsync(host, Type, Behaviours.Review, cancellation);
        using var again = await Behaviours.RegisterAsync(host, Type, Behaviours.Review, cancellation);
        using var read = await host.Http.GetAsync(registered.Headers.Location, cancellation);
        var body = await registered.JsonAsync(cancellation);

        Assert.That((registered.StatusCode, again.StatusCode), Is.EqualTo((HttpStatusCode.Created, HttpStatusCode.OK)));
        Assert.That(((string?)body["name"], (int)body["version"]!, (string?)body["registeredBy"]), Is.EqualTo((Type, 1, "test")));
        Assert.That(registered.Headers.Location!.OriginalString, Is.EqualTo("/v1/event-types/Review%20Posted/versions/1"));
        Assert.That(read.Content.Headers.ContentType!.MediaType, Is.EqualTo("application/schema+json"));
        Assert.That(JsonNode.DeepEquals(await read.JsonAsync(cancellation), JsonNode.Parse(Behaviours.Review)), Is.True);
    }

    [Test]
    public async Task A_looser_version_is_in_force_at_once_and_takes_what_the_one_before_took(CancellationToken cancellation)
    {
        (await Behaviours.RegisterAsync(host, Type, Behaviours.Review, cancellation)).Dispose();
        var looser = Behaviours.Review.Replace("\"maximum\": 5", "\"maximum\": 10", StringComparison.Ordinal)
            .Replace("\"text\":", "\"size\": {\"type\": \"string\", \"x-patron-personal\": false}, \"text\":", StringComparison.Ordinal);
        using var registered = await Behaviours.RegisterAsync(host, Type, looser, cancellation);
        var batch = new JsonArray(
            Behaviours.Reviewed("1", """{"product": "85123A", "rating": 5}"""),
            Behaviours.Reviewed("2", """{"product": "85123A", "rating": 10, "size": "M"}"""));
        using var answer = await Events.PostAsync(host.Http, batch, cancellation);

        Assert.That((int)(await registered.JsonAsync(cancellation))["version"]!, Is.EqualTo(2));
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        Assert.That((await Behaviours.FactsAsync(host, cancellation)).Select(f => f.Fact.SchemaVersion), Is.All.EqualTo(2));
    }

    [TestCase("\"maximum\": 5", "\"maximum\": 4", "/properties/rating/maximum")]
    [TestCase("\"required\": [", "\"required\": [\"text\", ", "/required")]
    [TestCase("\"text\": {\"type\": \"string\", \"maxLength\": 2000},", "", "/properties")]
    [TestCase("\"enum\": [\"front\", \"back\"]", "\"enum\": [\"front\"]", "/properties/photos/items/properties/kind/enum")]
    [TestCase("\"recommends\": {\"type\": \"boolean\"", "\"recommends\": {\"type\": \"string\"", "/properties/recommends/type")]
    [TestCase("[A-Z]?$", "[A-Z]$", "/properties/product/pattern")]
    public async Task A_stricter_version_is_refused_with_the_field(string before, string now, string pointer)
    {
        (await Behaviours.RegisterAsync(host, Type, Behaviours.Review, CancellationToken.None)).Dispose();
        using var answer = await Behaviours.RegisterAsync(
            host, Type, Behaviours.Review.Replace(before, now, StringComparison.Ordinal), CancellationToken.None);
        var problem = await answer.JsonAsync(CancellationToken.None);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That((string?)problem["type"], Does.EndWith("/schema-incompatible"));
        Assert.That(Behaviours.Pointers(problem), Is.EqualTo((string[])[pointer]));
    }

    [Test]
    public async Task A_built_in_type_takes_a_brands_own_fields_as_a_further_version(CancellationToken cancellation)
    {
        using var first = await host.Http.GetAsync(new Uri("/v1/event-types/Product%20Viewed/versions/1", UriKind.Relative), cancellation);
        var schema = await first.JsonAsync(cancellation);
        schema["properties"]!["campaign"] = JsonNode.Parse("""{"type": "string", "x-patron-personal": false}""");
        using var registered = await Behaviours.RegisterAsync(host, "Product Viewed", schema.ToJsonString(), cancellation);
        var viewed = Behaviours.Viewed("v-1", "d-1");
        viewed["data"]!["properties"]!["campaign"] = "spring";
        using var answer = await Events.PostAsync(host.Http, viewed, cancellation);

        Assert.That(registered.StatusCode, Is.EqualTo(HttpStatusCode.Created));
        Assert.That((await Behaviours.FactsAsync(host, cancellation)).Single().Fact.Properties["campaign"], Is.EqualTo("spring"));
    }

    [TestCase("patron.ingest.v1.Order")]
    [TestCase(" Review")]
    public async Task A_name_that_cannot_be_one_is_refused(string name)
    {
        using var answer = await Behaviours.RegisterAsync(host, name, Behaviours.Review, CancellationToken.None);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
    }

    [Test]
    public async Task What_one_instance_registers_the_other_knows_within_the_time_it_holds(CancellationToken cancellation)
    {
        await using var other = await ProfileHost.StartAsync(cancellation, database, ("Collect:EventTypesHeldFor", "00:00:00"));
        var review = Behaviours.Reviewed("1", """{"product": "85123A", "rating": 5}""");
        using var before = await Events.PostAsync(other.Http, review, cancellation);
        (await Behaviours.RegisterAsync(host, Type, Behaviours.Review, cancellation)).Dispose();
        using var after = await Events.PostAsync(other.Http, review, cancellation);
        Assert.That((before.StatusCode, after.StatusCode), Is.EqualTo((HttpStatusCode.BadRequest, HttpStatusCode.Accepted)));
    }

    [Test]
    public async Task Of_twenty_who_register_at_once_one_wins_each_version(CancellationToken cancellation)
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
            Behaviours.RegisterAsync(host, Type, Behaviours.Review.Replace("2000", $"{2000 + i}", StringComparison.Ordinal), cancellation)));
        var versions = new List<int>();
        foreach (var answer in answers)
        {
            if (answer.StatusCode == HttpStatusCode.Created)
                versions.Add((int)(await answer.JsonAsync(cancellation))["version"]!);
            answer.Dispose();
        }
        Assert.That(versions.Order(), Is.EqualTo(Enumerable.Range(1, versions.Count)).And.Not.Empty);
    }

    [TestCase("update event_types set schema = '{}'")]
    [TestCase("delete from event_types")]
    public async Task The_database_itself_keeps_versions_as_they_are(string change)
    {
        await using var command = host.Service("profile").Database.CreateCommand(change);
        Assert.That(async () => await command.ExecuteNonQueryAsync(), Throws.TypeOf<PostgresException>().With.Message.Contains("never changes"));
    }
}
