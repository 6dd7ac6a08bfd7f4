using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Patron.Gateway;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using Patron.Testing;

namespace Patron.Services.Tests.Gateway;

/// <summary>The pages of the gateway in front of services that answer, and of one that does not.</summary>
internal sealed class GatewayTests
{
    private static readonly Guid Customer = new("0197f7a0-0000-7000-8000-00000000c0de");

    [Test]
    [CancelAfter(60_000)]
    public async Task The_overview_shows_what_answers_and_names_what_does_not(CancellationToken cancellation)
    {
        await using var peers = await PeersAsync(cancellation);
        await using var host = await GatewayAsync(peers, cancellation);

        var page = await host.Http.GetStringAsync(LinkTo(host, "overview", "/"), cancellation);

        Assert.That(page, Does.Contain("<td>points &lt;issued&gt;</td><td class=\"n\">1,234</td>"));
        Assert.That(page, Does.Contain("wechat did not answer"));
        Assert.That(page, Does.Contain("Idle: nothing was asked of it yet."));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_story_is_told_in_the_order_of_time_over_all_services(CancellationToken cancellation)
    {
        await using var peers = await PeersAsync(cancellation);
        await using var host = await GatewayAsync(peers, cancellation);

        var page = await host.Http.GetStringAsync(LinkTo(host, "customer", $"/customers/{Customer:D}"), cancellation);

        Assert.That(page.IndexOf("Bought", StringComparison.Ordinal), Is.GreaterThan(0).And.LessThan(page.IndexOf("Earned", StringComparison.Ordinal)));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Without_a_signed_link_nobody_sees_a_page(CancellationToken cancellation)
    {
        await using var peers = await PeersAsync(cancellation);
        await using var host = await GatewayAsync(peers, cancellation);
        var foreign = LinkTo(host, "customer", $"/customers/{Guid.Empty:D}").ToString()
            .Replace(Guid.Empty.ToString("D"), Customer.ToString("D"), StringComparison.Ordinal);

        foreach (var path in new[] { "/", $"/customers/{Customer:D}", foreign })
        {
            using var answer = await host.Http.GetAsync(new Uri(path, UriKind.Relative), cancellation);
            Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden), path);
        }
    }

    private static Uri LinkTo(TestHost host, string purpose, string path) => new(
        host.Services.GetRequiredService<SignedLinks>()
            .Sign(purpose, path, new Dictionary<string, string>(), TimeProvider.System.GetUtcNow().AddHours(1)),
        UriKind.Relative);

    /// <summary>Stands for all services but WeChat; the story comes from two of them.</summary>
    private static Task<TestHost> PeersAsync(CancellationToken cancellation) => TestHost.StartAsync(
        _ => { },
        app =>
        {
            app.MapGet("/v1/{service}/figures", (string service) => TypedResults.Json<IReadOnlyList<Figure>>(
                service == "loyalty" ? [new Figure("points <issued>", 1234)] : [], StoryJson.Default.IReadOnlyListFigure)).RequireApiKey("read");
            app.MapGet("/v1/{service}/customers/{id:guid}/timeline", (string service) => TypedResults.Json<IReadOnlyList<TimelineEntry>>(
                service switch
                {
                    "loyalty" => [new TimelineEntry(TestHost.Start.AddHours(1), service, "Earned 12 points", "12.00 HKD of goods")],
                    "segmentation" => [new TimelineEntry(TestHost.Start, service, "Bought", "receipt 1")],
                    _ => [],
                },
                StoryJson.Default.IReadOnlyListTimelineEntry)).RequireApiKey("read");
        },
        cancellation);

    private static Task<TestHost> GatewayAsync(TestHost peers, CancellationToken cancellation)
    {
        var address = peers.Http.BaseAddress!.ToString();
        var settings = new[] { "Profile", "Tagging", "Loyalty", "Segmentation", "Journey", "Email", "Sms" }
            .ToDictionary(peer => $"Peers:{peer}", _ => address);
        settings["Peers:WeChat"] = "http://127.0.0.1:1";
        settings["Peers:ApiKey"] = peers.Http.DefaultRequestHeaders.GetValues("X-Api-Key").Single();
        settings["Links:Current"] = "test";
        settings["Links:Keys:test"] = Convert.ToBase64String(new byte[32]);
        return TestHost.StartAsync(builder => builder.AddGateway(), app => app.MapGateway(), cancellation, settings: settings);
    }
}
