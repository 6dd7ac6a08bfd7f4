using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Patron.Loyalty;
using Patron.Runtime.Hosting;
using Patron.Services.Tests.Loyalty.Coupons;
using Patron.Services.Tests.Profile;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty.Partner;

/// <summary>The partners' door as programs see it that are not ours; profile and loyalty run apart, over one log.</summary>
[TestFixture]
[CancelAfter(240_000)]
internal sealed class PartnerServiceTests
{
    private const string Card = "C-600";
    private static readonly TimeSpan ScriptMax = TimeSpan.FromMinutes(1);
    private static readonly string Node = NodeTool.SourceFolder("tests/Services.Tests/Loyalty/Partner/foreign");
    private static readonly string Protos = NodeTool.SourceFolder("contracts/proto");
    private static readonly ApiKey Mine = ApiKey.Create();
    private static readonly ApiKey Slow = ApiKey.Create();

    private TestDatabase database = null!;
    private TestHost profile = null!;
    private TestHost loyalty = null!;
    private Guid customer;
    private IReadOnlyList<string> codes = [];

    [SetUp]
    public async Task StartAsync()
    {
        var cancellation = TestContext.CurrentContext.CancellationToken;
        database = await TestPostgres.CreateDatabaseAsync(cancellation);
        profile = await ProfileHost.StartAsync(cancellation, database, ("Profile:Currencies:0", "GBP"));
        loyalty = await TestHost.StartAsync(builder => builder.AddLoyalty(), app => app.MapLoyalty(), cancellation, database, new Dictionary<string, string>
        {
            ["Peers:Profile"] = profile.Http.BaseAddress!.ToString(),
            ["Peers:ApiKey"] = profile.Http.DefaultRequestHeaders.GetValues("X-Api-Key").Single(),
            ["Api:Keys:hotel:Hash"] = Mine.Hash,
            ["Api:Keys:hotel:Scopes:0"] = "partner",
            ["Api:Keys:slow:Hash"] = Slow.Hash,
            ["Api:Keys:slow:Scopes:0"] = "partner",
            ["Partners:Quotas:slow:CallsPerSecond"] = "5",
            ["Coupons:MasterKey"] = CouponPlace.Settings["Coupons:MasterKey"],
        });
        var coupons = new CouponPlace(loyalty);
        await coupons.DefineAsync("spring", CouponPlace.TenPercent(), cancellation);
        codes = await coupons.CodesAsync("spring", 4, cancellation);
        var purchase = Events.Purchase("sofa", card: Card, currency: "GBP");
        purchase["data"]!["lines"]![0]!["amountMinor"] = "60000";
        customer = await Identity.AcceptAsync(profile, purchase, cancellation);
        await profile.DrainAsync(cancellation);
        await loyalty.DrainAsync(cancellation);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await loyalty.DisposeAsync();
        await profile.DisposeAsync();
        await database.DisposeAsync();
    }

    [Test]
    public async Task A_partners_program_in_Node_makes_every_call(CancellationToken cancellation)
    {
        NodeTool.RequireNode();
        await NodeTool.InstallAsync(Node, cancellation);
        await using var script = ForeignProcess.Start(NodeTool.Path!, Node, ["partner.js", Protos, $"{Port}"], new Dictionary<string, string>
        {
            ["API_KEY"] = Mine.Text,
            ["SLOW_KEY"] = Slow.Text,
            ["CUSTOMER"] = $"{customer:D}",
            ["CARD"] = Card,
            ["CODES"] = string.Join(',', codes),
            ["RUNTIME_PROTOS"] = NodeTool.SourceFolder("services/runtime/Grpc/proto"),
        });
        var exit = await script.WaitForExitAsync(ScriptMax, cancellation);
        Assert.That(exit, Is.Zero, script.Output);
        Assert.That(script.Output, Does.Contain(" passed, 0 failed").And.Not.Contain("FAIL "));
    }

    [Test]
    public async Task The_guides_own_client_in_Python_does_what_the_guide_says(CancellationToken cancellation)
    {
        Assert.That((await RunAsync("lookup", $"card={Card}")).Output, Does.Contain($"\"customerId\": \"{customer:D}\"").And.Contain("\"available\": \"600\""));
        Assert.That((await RunAsync("earn", $"customer={customer:D}", "points=500", "reason=hotel-night", "key=stay-77")).Output, Does.Contain("\"1100\""));
        var reserved = await RunAsync("reserve", $"customer={customer:D}", "points=300", "reason=late-checkout", "key=desk-12");
        var hold = System.Text.Json.Nodes.JsonNode.Parse(reserved.Output)!["holdId"]!;
        Assert.That((await RunAsync("confirm", $"customer={customer:D}", $"hold={hold}")).Output, Does.Contain("\"balance\": \"800\""));
        var much = await RunAsync("reserve", $"customer={customer:D}", "points=801", "reason=late-checkout", "key=desk-13");
        Assert.That((much.Exit, much.Output), Is.EqualTo((1, "FAILED_PRECONDITION: 801 points were asked for and 800 are available. Ask for at most 800.")));
        var check = await RunAsync("check", $"code={codes[0]}", "currency=HKD", "amount=25000");
        Assert.That(check.Output, Does.Contain("\"applies\": true").And.Contain("\"discountMinor\": \"2500\""));
        var redeemed = await RunAsync("redeem", $"code={codes[0]}", "currency=HKD", "amount=25000", "key=desk-14");
        Assert.That(redeemed.Output, Does.Contain("\"discountMinor\": \"2500\""));
        Assert.That((await RunAsync("statement", $"customer={customer:D}")).Output, Does.Contain("hotel-night").And.Contain("\"balance\": \"800\""));

        async Task<(int Exit, string Output)> RunAsync(params string[] arguments)
        {
            var client = NodeTool.SourceFolder("contracts/partner");
            await using var script = PythonTool.Start(
                client, ["client.py", $"127.0.0.1:{Port}", .. arguments], new Dictionary<string, string> { ["PATRON_API_KEY"] = Mine.Text });
            return (await script.WaitForExitAsync(ScriptMax, cancellation), script.Output.Trim());
        }
    }

    private int Port => new Uri(loyalty.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Last()).Port;
}
