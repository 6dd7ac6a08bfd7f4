using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Patron.Profile;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>What people do on a website or in an app, told by any registered type, over HTTP and the topic.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class BehaviourTests
{
    private TestHost host = null!;

    [SetUp]
    public async Task StartAsync() => host = await ProfileHost.StartAsync(CancellationToken.None);

    [TearDown]
    public async Task StopAsync() => await host.DisposeAsync();

    [Test]
    public async Task A_behaviour_of_a_built_in_type_is_published_with_its_open_fields_only(CancellationToken cancellation)
    {
        using var answer = await Events.PostAsync(host.Http, Behaviours.Viewed("v-1", "d-1"), cancellation);
        var taken = (await answer.JsonAsync(cancellation))["events"]![0]!;
        var (customer, fact) = (await Behaviours.FactsAsync(host, cancellation)).Single();

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        Assert.That(customer, Is.EqualTo((string?)taken["customer"]));
        Assert.That((fact.Type, fact.SchemaVersion, fact.Source), Is.EqualTo(("Product Viewed", 1, "/web/hk")));
        Assert.That(fact.OccurredAt.ToDateTimeOffset(), Is.EqualTo(new DateTimeOffset(2024, 1, 10, 8, 30, 0, TimeSpan.Zero)));
        Assert.That(fact.Properties, Is.EquivalentTo(new Dictionary<string, string> { ["product_id"] = "85123A", ["price"] = "15.3" }));
    }

    [Test]
    public async Task A_brands_own_type_lets_marked_fields_out_by_their_path_and_seals_the_others(CancellationToken cancellation)
    {
        using var registered = await Behaviours.RegisterAsync(host, "Review Posted", Behaviours.Review, cancellation);
        var review = Behaviours.Reviewed(
            "r-1",
            """
            {"product": "85123A", "rating": 5, "recommends": true, "text": "Love it, Anna", "photos": [{"kind": "front", "url": "https://a.example/anna.jpg"}]}
            """);
        using var answer = await Events.PostAsync(host.Http, review, cancellation);
        var customer = Guid.Parse((string)(await answer.JsonAsync(cancellation))["events"]![0]!["customer"]!);
        var fact = (await Behaviours.FactsAsync(host, cancellation)).Single().Fact;
        var stored = (await host.Service("profile").ReadStreamAsync(customer, cancellation)).Select(e => e.Event).OfType<BehaviourRecorded>().Single();
        var key = (await host.Services.GetRequiredService<CustomerVault>().GetAsync([customer], cancellation))[customer];
        var personal = JsonNode.Parse(key.Unseal(stored.SealedProperties!, RecordBehaviour.SealedField))!;

        Assert.That(registered.StatusCode, Is.EqualTo(HttpStatusCode.Created));
        Assert.That(fact.Properties, Is.EquivalentTo(new Dictionary<string, string>
        {
            ["product"] = "85123A",
            ["rating"] = "5",
            ["recommends"] = "true",
            ["photos.0.kind"] = "front",
        }));
        Assert.That(stored.Behaviour.Properties, Is.EquivalentTo(fact.Properties));
        Assert.That(personal.ToJsonString(), Is.EqualTo("""{"/text":"Love it, Anna","/photos/0/url":"https://a.example/anna.jpg"}"""));
    }

    [Test]
    public async Task Every_wrong_field_of_a_behaviour_is_named(CancellationToken cancellation)
    {
        (await Behaviours.RegisterAsync(host, "Review Posted", Behaviours.Review, cancellation)).Dispose();
        var wrong = Behaviours.Reviewed(
            "r-1", """{"product": "x", "rating": 6, "recommends": "yes", "title": "", "photos": [{"kind": "front"}, {"kind": "side", "url": "a b"}]}""");
        wrong["data"]!["customer"] = new JsonObject { ["phone"] = "1" };
        using var answer = await Events.PostAsync(host.Http, wrong, cancellation);

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(Behaviours.Pointers(await answer.JsonAsync(cancellation)), Is.EqualTo((string[])
        [
            "/data/properties/product", "/data/properties/rating", "/data/properties/recommends", "/data/properties/title",
            "/data/properties/photos/1/kind", "/data/properties/photos/1/url", "/data/customer/phone",
        ]));
    }

    [Test]
    public async Task A_behaviour_over_the_topic_is_the_same_event_and_a_wrong_one_is_put_aside_with_its_type(CancellationToken cancellation)
    {
        var viewed = Behaviours.Viewed("v-1", "d-1");
        await IngestTopic.PublishAsync(host, viewed.ToJsonString(), cancellation);
        await IngestTopic.FigureAsync(host, "behaviours", 1, cancellation);
        using var answer = await Events.PostAsync(host.Http, viewed, cancellation);
        var wrong = Behaviours.Viewed("v-2", "d-1");
        wrong["data"]!["properties"]!["price"] = "cheap";
        await IngestTopic.PublishAsync(host, wrong.ToJsonString(), cancellation);
        var record = (await IngestTopic.QuarantinedAsync(host, 1, cancellation))[0]!;

        Assert.That((string?)(await answer.JsonAsync(cancellation))["events"]![0]!["status"], Is.EqualTo("repeated"));
        Assert.That((string?)record["type"], Is.EqualTo("Product Viewed"));
        Assert.That((string?)record["reasons"]![0]!["pointer"], Is.EqualTo("/data/properties/price"));
        Assert.That(await Behaviours.FactsAsync(host, cancellation), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task An_id_that_told_another_behaviour_is_a_conflict_even_where_only_a_sealed_field_differs(CancellationToken cancellation)
    {
        using var first = await Events.PostAsync(host.Http, Behaviours.Viewed("v-1", "d-1"), cancellation);
        var changed = Behaviours.Viewed("v-1", "d-1");
        changed["data"]!["properties"]!["url"] = "https://shop.example/other";
        using var second = await Events.PostAsync(host.Http, changed, cancellation);
        Assert.That(second.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
    }

    [Test]
    public async Task A_type_that_nobody_registered_is_refused_and_the_answer_says_where_the_known_ones_are(CancellationToken cancellation)
    {
        var unknown = Behaviours.Viewed("u-1", "d-1");
        unknown["type"] = "Sofa Tested";
        using var answer = await Events.PostAsync(host.Http, unknown, cancellation);
        var error = (await answer.JsonAsync(cancellation))["errors"]![0]!;
        Assert.That((string?)error["pointer"], Is.EqualTo("/type"));
        Assert.That((string?)error["detail"], Does.Contain("GET /v1/event-types"));
    }

    [Test]
    public async Task Where_free_form_types_are_taken_nothing_of_them_leaves_profile_in_clear(CancellationToken cancellation)
    {
        await using var open = await ProfileHost.StartAsync(cancellation, null, ("Collect:FreeFormTypes", "true"));
        var free = Behaviours.Viewed("f-1", "d-1");
        free["type"] = "Sofa Tested";
        using var answer = await Events.PostAsync(open.Http, free, cancellation);
        var fact = (await Behaviours.FactsAsync(open, cancellation)).Single().Fact;
        Assert.That((fact.Type, fact.SchemaVersion, fact.Properties.Count), Is.EqualTo(("Sofa Tested", 0, 0)));
    }

    [Test]
    public async Task A_behaviour_of_nobody_is_refused(CancellationToken cancellation)
    {
        var nobody = Behaviours.Viewed("n-1", "d-1");
        nobody["data"]!.AsObject().Remove("customer");
        using var answer = await Events.PostAsync(host.Http, nobody, cancellation);
        Assert.That(Behaviours.Pointers(await answer.JsonAsync(cancellation)), Is.EqualTo((string[])["/data/customer"]));
    }

    [Test]
    public async Task Properties_beyond_the_limit_are_refused(CancellationToken cancellation)
    {
        await using var small = await ProfileHost.StartAsync(cancellation, null, ("Collect:PropertiesBytesMax", "1024"));
        var large = Behaviours.Viewed("l-1", "d-1");
        large["data"]!["properties"]!["url"] = new string('x', 1_100);
        using var answer = await Events.PostAsync(small.Http, large, cancellation);
        Assert.That((string?)(await answer.JsonAsync(cancellation))["errors"]![0]!["detail"], Is.EqualTo("The properties may have at most 1024 bytes."));
    }

    [Test]
    public async Task A_thousand_behaviours_leave_the_customers_state_as_it_was(CancellationToken cancellation)
    {
        using var first = await Events.PostAsync(host.Http, Behaviours.Viewed("s-first", "d-1"), cancellation);
        var customer = Guid.Parse((string)(await first.JsonAsync(cancellation))["events"]![0]!["customer"]!);
        var before = await StateAsync(customer, cancellation);
        using var answer = await Events.PostAsync(host.Http, Events.Many(1_000, i => Behaviours.Viewed($"s-{i}", "d-1")), cancellation);

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        Assert.That(await StateAsync(customer, cancellation), Is.EqualTo(before));
        Assert.That(await host.Service("profile").ReadStreamAsync(customer, cancellation), Has.Count.EqualTo(1_002));
    }

    [Test]
    public async Task The_timeline_tells_what_somebody_did(CancellationToken cancellation)
    {
        using var answer = await Events.PostAsync(host.Http, Behaviours.Viewed("t-1", "d-1"), cancellation);
        var customer = (string)(await answer.JsonAsync(cancellation))["events"]![0]!["customer"]!;
        var story = await Behaviours.GetAsync(host, $"/v1/profile/customers/{customer}/timeline", cancellation);
        Assert.That(story.AsArray().Select(e => (string?)e!["what"]), Does.Contain("Did 'Product Viewed'").And.Contain("Is known by device"));
    }

    private async Task<string> StateAsync(Guid customer, CancellationToken cancellation)
    {
        await using var command = host.Service("profile").Database.CreateCommand("select state from streams where stream = $1");
        command.Parameters.Add(new Npgsql.NpgsqlParameter<Guid> { TypedValue = customer });
        return (string)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
