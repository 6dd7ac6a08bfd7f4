using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Tagging.V1;
using Patron.Runtime.Hosting;
using Patron.Segmentation;
using Patron.Services.Tests.Tagging;
using Patron.Testing;

namespace Patron.Services.Tests.Segmentation.Instances;

/// <summary>Two instances over one log, each with half of the partitions: whichever is asked answers for the whole brand.</summary>
internal sealed class TwoInstancesTests
{
    private const int Customers = 400;
    private const string Persona = """
        {
          "titles": { "en": "Shoppers for children" }, "owner": "crm", "describes": { "kind": "tag", "tag": "children" }, "minCustomers": 20,
          "expectations": [{ "name": "often", "rule": { "kind": "number", "column": "Purchases", "min": 3 }, "minHitPercent": 20 }]
        }
        """;

    private static readonly string[] Questions =
        ["rfm", "lifecycle", "value", "overlap?segments=active,dormant,children", "comparison?one=children&other=dormant", "personas/shoppers"];

    private readonly ApiKey key = ApiKey.Create();
    private TestDatabase database = null!;

    [SetUp]
    public async Task CreateDatabase() => database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);

    [TearDown]
    public async Task DropDatabase() => await database.DisposeAsync();

    [Test]
    public async Task Both_answer_for_the_whole_brand_and_say_so_when_one_is_killed()
    {
        var ports = new[] { FreePort(), FreePort() };
        var settings = Settings(ports);
        await using var one = await StartAsync(settings, ports[0]);
        await TellAsync(one);
        var alone = await AnswersAsync(one.Http);
        Assert.That(alone[0], Does.Contain($"\"customers\":{Customers},").And.Contain("\"partitionsCounted\":8"));

        var others = With(settings, ("Http:Port", $"{ports[1]}"), ("Time:Simulated", "true"));
        await using (var other = new ServiceProgram("segmentation", "Patron.Segmentation", others))
        {
            using var http = new HttpClient { BaseAddress = await other.AddressAsync() };
            http.DefaultRequestHeaders.Add("X-Api-Key", key.Text);
            using var moved = await http.PutAsJsonAsync("/v1/time", new TimeMove(TestHost.Start, HoldTimers: false), TimeJson.Default.TimeMove);
            Assert.That(moved.StatusCode, Is.EqualTo(HttpStatusCode.OK));
            await SegmentHttp.UntilAsync(() => Task.FromResult(Owned(one)), owned => owned == 4);
            await SegmentHttp.UntilAsync(() => PreviewAsync(one.Http), answer => answer == alone[0]);

            Assert.That(await AnswersAsync(one.Http), Is.EqualTo(alone));
            Assert.That(await AnswersAsync(http), Is.EqualTo(alone), "The other has its own half only");
            await other.KillAsync();
        }

        var half = JsonElement.Parse(await PreviewAsync(one.Http));
        Assert.That(half.GetProperty("partitionsCounted").GetInt32(), Is.EqualTo(4));
        Assert.That(half.GetProperty("customers").GetInt64(), Is.InRange(Customers / 4, Customers * 3 / 4));
        Assert.That(SegmentHttp.Covered(await one.AskAsync("rfm")), Is.EqualTo((4, 8)));

        await SegmentHttp.UntilAsync(() => PreviewAsync(one.Http), answer => answer == alone[0]);
        Assert.That(await AnswersAsync(one.Http), Is.EqualTo(alone), "It took over");
    }

    [Test]
    public async Task A_peer_that_never_answers_delays_an_answer_and_changes_nothing()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        await using var host = await StartAsync(Settings([port]), 0);
        await TellAsync(host);

        var answer = JsonElement.Parse(await PreviewAsync(host.Http));
        Assert.That((answer.GetProperty("customers").GetInt32(), answer.GetProperty("partitionsCounted").GetInt32()), Is.EqualTo((Customers, 8)));
    }

    [Test]
    public async Task Instances_answer_one_another_by_key_and_not_themselves()
    {
        await using var host = await StartAsync(Settings([]), 0);
        await TellAsync(host);
        using var stranger = new HttpClient { BaseAddress = host.Http.BaseAddress };
        using var refused = await stranger.GetAsync(new Uri("/v1/segmentation/partitions/customers", UriKind.Relative));
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));

        const string question = """{ "rules": [], "counts": [], "spreads": [] }""";
        var peer = await PostAsync(host.Http, "partitions/tally", question);
        Assert.That(JsonElement.Parse(peer).EnumerateArray().Sum(part => part.GetProperty("value").GetProperty("customers").GetInt64()), Is.EqualTo(Customers));
        Assert.That(await PostAsync(host.Http, "partitions/tally", "{}"), Does.Contain("invalid-request"));
        host.Http.DefaultRequestHeaders.Add(PeerInstances.InstanceHeader, ((PeerInstances)host.Services.GetService(typeof(PeerInstances))!).Instance);
        Assert.That(await PostAsync(host.Http, "partitions/tally", question), Is.EqualTo("[]"));
    }

    [Test]
    public void A_partition_that_changes_hands_counts_once_as_whoever_knows_more_says()
    {
        Part<string> Of(int partition, int hour, string said) => new(partition, TestHost.Start.AddHours(hour), said);
        var merged = WholeBrand.Merge([[Of(2, 1, "old"), Of(0, 1, "a")], [Of(2, 2, "new")], [Of(9, 1, "not ours")]], 4);

        Assert.That(merged.Values, Is.EqualTo(new[] { "a", "new" }));
        Assert.That(merged.Covered, Is.EqualTo(new Covered(2, 4)));
    }

    private static async Task<List<string>> AnswersAsync(HttpClient http)
    {
        var answers = new List<string> { await PreviewAsync(http) };
        foreach (var question in Questions)
            answers.Add(await http.GetStringAsync($"/v1/segmentation/{question}"));
        return answers;
    }

    private static Task<string> PreviewAsync(HttpClient http) => PostAsync(http, "preview", """
        { "kind": "any", "clauses": [{ "kind": "segment", "segment": "children" }, { "kind": "number", "column": "Spend", "min": 5000 }] }
        """);

    private static async Task<string> PostAsync(HttpClient http, string what, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(new Uri($"/v1/segmentation/{what}", UriKind.Relative), content);
        return await answer.Content.ReadAsStringAsync();
    }

    private static int Owned(TestHost host) => host.Service("segmentation").OwnedPartitionNumbers.Count;

    private static async Task TellAsync(TestHost host)
    {
        var facts = new FactWriter();
        var random = new Random(4);
        List<(Guid, IMessage)> bought = [], tagged = [];
        for (var number = 0; number < Customers; number++)
        {
            var customer = new Guid($"0b6f7a52-5f0e-7000-8000-{number:x12}");
            for (var day = random.Next(-600, -30); day <= 0; day += random.Next(20, 400))
                bought.Add((customer, Receipt.Of(TestHost.Start.AddDays(day), Channel.Pos, Receipt.Sale(random.Next(5_00, 90_00)))));
            if (number % 3 == 0)
                tagged.Add((customer, new TagAdded { Tag = "children" }));
        }

        await facts.WriteAsync(host, Topics.Profile, bought);
        await facts.WriteAsync(host, Topics.Tagging, tagged);
        await host.DrainAsync(CancellationToken.None);
        await host.PutAsync("segments/children", """{ "title": "Children", "rule": { "kind": "tag", "tag": "children" } }""");
        await host.PutAsync("personas/shoppers", Persona);
    }

    private Dictionary<string, string> Settings(int[] ports) => new()
    {
        ["Database"] = database.ConnectionString,
        ["Runtime:Partitions"] = "8",
        ["Runtime:LeaseDuration"] = "00:00:06",
        ["Http:Bind"] = "127.0.0.1",
        ["Grpc:Port"] = "0",
        ["Api:Keys:PEERS:Hash"] = key.Hash,
        ["Api:Keys:PEERS:Scopes:0"] = "read",
        ["Api:Keys:PEERS:Scopes:1"] = "operate",
        ["Segmentation:Peers"] = string.Join(',', ports.Select(port => $"http://127.0.0.1:{port}")),
        ["Segmentation:PeersApiKey"] = key.Text,
    };

    private static Dictionary<string, string> With(Dictionary<string, string> settings, params (string Name, string Value)[] more) =>
        settings.Concat(more.Select(one => KeyValuePair.Create(one.Name, one.Value))).ToDictionary();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private Task<TestHost> StartAsync(Dictionary<string, string> settings, int port) => TestHost.StartAsync(
        builder => builder.AddSegmentation(), app => app.MapSegmentation(), CancellationToken.None, database, With(settings, ("Http:Port", $"{port}")));
}
