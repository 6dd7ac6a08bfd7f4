using System.Net.Http.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Runtime.Hosting;
using Patron.Testing;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Services.Tests.Profile;

/// <summary>The real <c>@segment/analytics-node</c>, which knows nothing of Patron but the address and an API key.</summary>
[TestFixture]
[CancelAfter(180_000)]
internal sealed class SegmentSdkTests
{
    private static readonly ApiKey WriteKey = ApiKey.Create();
    private static readonly string Folder = NodeTool.SourceFolder("tests/Services.Tests/Profile/foreign");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [OneTimeSetUp]
    public async Task InstallAsync()
    {
        NodeTool.RequireNode();
        await NodeTool.InstallAsync(Folder, CancellationToken.None);
    }

    [TestCase("0")]
    [TestCase("1", Description = "each first answer is lost, so the SDK sends every batch twice")]
    public async Task Everything_that_the_SDK_sends_arrives_exactly_once(string flaky)
    {
        var cancellation = TestContext.CurrentContext.CancellationToken;
        await using var host = await ProfileHost.StartAsync(
            cancellation, null, ("Api:Keys:web:Hash", WriteKey.Hash), ("Api:Keys:web:Scopes:0", "ingest"), ("Api:Keys:web:Sources:0", "/web/hk"));
        await using var sdk = NodeTool.StartScript(Folder, "segment.js", new Dictionary<string, string>
        {
            ["HOST"] = host.Http.BaseAddress!.ToString(),
            ["PATH_OF_BATCH"] = "/v1/segment/v1/batch",
            ["WRITE_KEY"] = WriteKey.Text,
            ["RUN"] = "mei",
            ["FLAKY"] = flaky,
        });
        Assert.That(await sdk.WaitForExitAsync(Patience, cancellation), Is.Zero, sdk.Output);
        Assert.That(sdk.Output, Does.Contain("answer 200 {\"success\":true}").And.Not.Contain("error"), sdk.Output);

        var facts = await Behaviours.FactsAsync(host, cancellation);
        Assert.That(
            facts.CountBy(f => f.Fact.Type).ToDictionary(), Is.EquivalentTo(new Dictionary<string, int>
            {
                ["Page Viewed"] = 1,
                ["Product Viewed"] = 1,
                ["Group Joined"] = 1,
                ["Screen Viewed"] = 1,
                ["Product Added"] = 20,
            }), sdk.Output);
        Assert.That(facts.Select(f => f.Fact.Source), Is.All.EqualTo("/web/hk"));
        await CheckOrdersAsync(host, cancellation);
        await CheckIdentityAsync(host, cancellation);
        var record = (await IngestTopic.QuarantinedAsync(host, 1, cancellation)).Single()!;
        Assert.That(((string?)record["topic"], (string?)record["reasons"]![0]!["pointer"]), Is.EqualTo(("segment", "/event")));
    }

    private static async Task CheckOrdersAsync(TestHost host, CancellationToken cancellation)
    {
        var orders = (await host.ReadTopicAsync(new Topic(Topics.Profile), cancellation))
            .Where(r => r.Envelope.Type == "patron.profile.v1.PurchaseRecorded")
            .Select(r => Facts.PurchaseRecorded.Parser.ParseFrom(r.Record.Value!.Value.Span)).OrderByDescending(o => o.Lines.Count).ToList();
        Assert.That(orders.Select(o => (o.Receipt, o.Currency, o.Anonymous)), Is.EqualTo(Enumerable.Repeat(("o-mei", "HKD", false), 2)));
        Assert.That(
            orders.Select(o => string.Join(' ', o.Lines.Select(l => $"{l.Product}:{l.Kind}:{l.Quantity}:{l.AmountMinor}"))),
            Is.EqualTo((string[])["85123A:Sale:2:3060 22423:Sale:1:180 SHIPPING:Fee:1:500 DISCOUNT:Adjustment:1:-150", "85123A:Return:1:-1530"]));
    }

    // All of these name one person: the user's id, the address, the device, and the id that the alias told.
    private static async Task CheckIdentityAsync(TestHost host, CancellationToken cancellation)
    {
        var found = new HashSet<string?>();
        foreach (var wanted in (JsonObject[])
        [
            new() { ["shopId"] = "user-mei", ["source"] = "/web/hk" }, new() { ["shopId"] = "old-mei", ["source"] = "/web/hk" },
            new() { ["email"] = "mei@example.com" }, new() { ["phone"] = "+85291234567" },
        ])
        {
            using var answer = await host.Http.PostAsJsonAsync(new Uri("/v1/customers/lookup", UriKind.Relative), wanted, cancellation);
            found.Add((string?)(await answer.JsonAsync(cancellation))["customer"]);
        }
        Assert.That(found, Has.Count.EqualTo(1).And.None.Null);
        var view = await Behaviours.GetAsync(host, $"/v1/customers/{found.Single()}", cancellation);
        Assert.That(
            ((string?)view["details"]!["givenName"], (string?)view["details"]!["familyName"], (string?)view["details"]!["country"]),
            Is.EqualTo(("M***", "C***", "HK")));
    }
}
