using System.Globalization;
using System.Net;
using System.Text.Json;
using Google.Protobuf;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Tagging.V1;
using Patron.Segmentation;
using Patron.Services.Tests.Tagging;
using Patron.Testing;

namespace Patron.Services.Tests.Segmentation.Personas;

/// <summary>Personas through the public face, over customers whose truth is planted.</summary>
internal sealed class PersonaServiceTests
{
    private const int Parents = 300;
    private const int Others = 900;
    private TestDatabase database = null!;

    [SetUp]
    public async Task CreateDatabase() => database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);

    [TearDown]
    public async Task DropDatabase() => await database.DisposeAsync();

    [Test]
    public async Task Personas_are_measured_against_planted_customers_and_judged()
    {
        await using var host = await StartAsync();
        await TellAsync(host);
        foreach (var (name, document) in new[]
        {
            ("parents", Persona("p/parents", ("toys", 50, 2.5m), ("baby", 30, 2m))),
            ("night-owls", Persona("p/owls", ("toys", 50, 1.1m))),
            ("collectors", Persona("p/collectors", ("toys", 10, 1m))),
        })
            Assert.That((await host.PutAsync($"personas/{name}", document)).Status, Is.EqualTo(HttpStatusCode.OK));

        var parents = (await host.AskAsync("personas/parents")).GetProperty("now");
        Assert.That(Said(parents), Is.EqualTo("holds"), parents.ToString());
        Assert.That(parents.GetProperty("verdict").GetProperty("confidence").GetDouble(), Is.InRange(0.95, 1));
        Assert.That(parents.GetProperty("customers").GetInt64(), Is.EqualTo(Parents + Others));
        Assert.That(parents.GetProperty("described").GetInt64(), Is.EqualTo(Parents));
        Assert.That(parents.GetProperty("coverage").GetProperty("value").GetDouble(), Is.EqualTo(0.25));
        var toys = parents.GetProperty("expectations")[0];
        Assert.That(toys.GetProperty("hit").GetProperty("hits").GetInt64(), Is.EqualTo(210), "seven of ten");
        Assert.That(toys.GetProperty("others").GetProperty("hits").GetInt64(), Is.EqualTo(180), "one of five");
        Assert.That(toys.GetProperty("lift").GetProperty("value").GetDouble(), Is.EqualTo(3.5).Within(0.02));
        Assert.That(toys.GetProperty("lift").GetProperty("low").GetDouble(), Is.InRange(2.9, 3.2));
        Assert.That(parents.GetProperty("inSoMany").EnumerateArray().Select(count => count.GetInt64()), Is.EqualTo(new[] { 0L, 240, 60 }));
        Assert.That(parents.GetProperty("allOfThem").GetProperty("rate").GetProperty("value").GetDouble(), Is.EqualTo(0.2));
        Assert.That(parents.GetProperty("atLeast").GetProperty("hits").GetInt64(), Is.EqualTo(300));
        Assert.That(SegmentHttp.Covered(parents), Is.EqualTo((8, 8)));

        var owls = (await host.AskAsync("personas/night-owls")).GetProperty("now");
        Assert.That(Said(owls), Is.EqualTo("does not hold"));
        var claims = owls.GetProperty("verdict").GetProperty("claims").EnumerateArray().ToDictionary(
            claim => claim.GetProperty("claim").GetString()!, claim => claim.GetProperty("says").GetString());
        Assert.That(claims["hit rate of toys"], Is.EqualTo("does not hold"));
        Assert.That(Said((await host.AskAsync("personas/collectors")).GetProperty("now")), Is.EqualTo("too few customers to say"));
    }

    [Test]
    public async Task Each_day_after_the_scan_is_recorded_with_the_version_that_was_measured()
    {
        await using (var host = await StartAsync())
        {
            await TellAsync(host);
            Assert.That((await host.AskAsync("personas")).GetArrayLength(), Is.Zero);
            await host.PutAsync("personas/parents", Persona("p/parents", ("toys", 50, 2.5m)));
            var same = await host.PutAsync("personas/parents", Persona("p/parents", ("toys", 50, 2.5m)));
            Assert.That(same.Answer.GetProperty("version").GetInt32(), Is.EqualTo(1));
            await host.AdvanceToAsync(TestHost.Start.AddDays(1), CancellationToken.None);
            await RecordedAsync(host, days: 1);
            var changed = await host.PutAsync("personas/parents", Persona("p/parents", ("toys", 90, null)));
            Assert.That(changed.Answer.GetProperty("version").GetInt32(), Is.EqualTo(2));
        }

        await using var again = await StartAsync(TestHost.Start.AddDays(1));
        await again.AdvanceToAsync(TestHost.Start.AddDays(2), CancellationToken.None);
        var history = await RecordedAsync(again, days: 2);
        Assert.That(history.EnumerateArray().Select(day =>
            $"{day.GetProperty("day").GetString()} {day.GetProperty("measurement").GetProperty("version").GetInt32()} {Said(day.GetProperty("measurement"))}"),
            Is.EqualTo(new[] { "2024-01-11 1 holds", "2024-01-12 2 does not hold" }));
        var line = (await again.AskAsync("personas"))[0];
        Assert.That(line.GetProperty("persona").GetProperty("version").GetInt32(), Is.EqualTo(2));
        Assert.That(Said(line.GetProperty("latest").GetProperty("measurement")), Is.EqualTo("does not hold"));
        Assert.That((await again.AskAsync("personas/parents")).GetProperty("versions").GetArrayLength(), Is.EqualTo(2));
        Assert.That((await again.AskAsync("personas/parents/history?from=2024-01-12&to=2024-01-12")).GetArrayLength(), Is.EqualTo(1));
    }

    [Test]
    public async Task What_is_wrong_with_a_persona_is_named_all_at_once()
    {
        await using var host = await StartAsync();
        const string wrong = """
            { "titles": { "zh-Hans": "x" }, "owner": "crm", "among": "nobody-knows", "describes": { "kind": "tag" }, "minCoveragePercent": 0,
              "expectations": [
                { "name": "a", "rule": { "kind": "tag", "tag": "x" } }, { "name": "a", "rule": { "kind": "tag", "tag": "x" }, "minLift": 1.234 }],
              "atLeast": { "expectations": 3, "minHitPercent": 120 }, "until": 1 }
            """;
        var (status, problem) = await host.PutAsync("personas/Not_Kebab", wrong);

        Assert.That(status, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(SegmentHttp.Pointers(problem), Is.EquivalentTo(new[]
        {
            "name", "/titles/en", "/among", "/describes/tag", "/minCoveragePercent", "/expectations/0/minHitPercent", "/expectations/1/name",
            "/expectations/1/minLift", "/atLeast/expectations", "/atLeast/minHitPercent", "/until",
        }));
        Assert.That((await host.TryAsync("personas/nobody")).Status, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That(SegmentHttp.Pointers((await host.TryAsync("personas/nobody/history?from=2024-02-30&to=2030-01-01")).Answer),
            Is.EquivalentTo(new[] { "from", "to" }));
    }

    private static string Said(JsonElement measurement) => measurement.GetProperty("verdict").GetProperty("says").GetString()!;

    private static Task<JsonElement> RecordedAsync(TestHost host, int days) =>
        SegmentHttp.UntilAsync(() => host.AskAsync("personas/parents/history"), history => history.GetArrayLength() == days);

    private static string Persona(string describes, params (string Tag, decimal Hit, decimal? Lift)[] expected) => $$"""
        {
          "titles": { "en": "A persona", "zh-Hans": "画像" }, "owner": "crm", "describes": { "kind": "tag", "tag": "{{describes}}" }, "minCustomers": 100,
          "expectations": [{{string.Join(",", expected.Select(one => string.Create(CultureInfo.InvariantCulture, $$"""
            { "name": "{{one.Tag}}", "rule": { "kind": "tag", "tag": "{{one.Tag}}" }, "minHitPercent": {{one.Hit}}, "minLift": {{one.Lift ?? 1}} }
            """)))}}],
          "atLeast": { "expectations": 1, "minHitPercent": 60 }
        }
        """;

    /// <summary>
    /// Of 300 parents 210 buy toys and 150 baby food, all of them one of the two; of the 900 others 180 and 90. 400 of the others are night owls, 100
    /// of these buy toys, and 20 collectors. All bought something today.
    /// </summary>
    private static async Task TellAsync(TestHost host)
    {
        List<(Guid, IMessage)> bought = [], tagged = [];
        for (var number = 0; number < Parents + Others; number++)
        {
            var customer = new Guid($"0b6f7a52-5f0e-7000-8000-{number:x12}");
            bought.Add((customer, Receipt.Of(TestHost.Start, Channel.Pos, Receipt.Sale(20_00))));
            foreach (var tag in TagsOf(number))
                tagged.Add((customer, new TagAdded { Tag = tag }));
        }

        var facts = new FactWriter();
        await facts.WriteAsync(host, Topics.Profile, bought);
        await facts.WriteAsync(host, Topics.Tagging, tagged);
        await host.DrainAsync(CancellationToken.None);
    }

    private static IEnumerable<string> TagsOf(int number)
    {
        if (number < Parents)
        {
            yield return "p/parents";
            if (number < 210)
                yield return "toys";
            if (number >= 150)
                yield return "baby";
            yield break;
        }

        var other = number - Parents;
        if (other is < 100 or (>= 400 and < 480))
            yield return "toys";
        if (other >= Others - 90)
            yield return "baby";
        if (other < 400)
            yield return "p/owls";
        if (other >= Others - 20)
            yield return "p/collectors";
    }

    private Task<TestHost> StartAsync(DateTimeOffset? start = null) => TestHost.StartAsync(
        builder => builder.AddSegmentation(), app => app.MapSegmentation(), CancellationToken.None, database, start: start);
}
