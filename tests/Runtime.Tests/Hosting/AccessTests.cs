using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Tests.Hosting;

[TestFixture]
internal sealed class AccessTests
{
    private static readonly string[] LinkKeys = [$"--Links:Current=k1", $"--Links:Keys:k1={Convert.ToBase64String(new byte[32])}"];

    private TestHost _host = null!;

    [OneTimeSetUp]
    public async Task Start() => _host = await TestHost.StartAsync(
        app =>
        {
            app.MapGet("/ingest", (HttpContext context) =>
            {
                var caller = context.GetApiCaller();
                return $"{caller.Name} pos:{caller.MaySend("pos")} web:{caller.MaySend("web")}";
            }).RequireApiKey("ingest");
            app.MapGet("/offers/{id}", (string id) => id).RequireSignedLink("offer", LinkTime.System, "m");
        },
        settings: LinkKeys);

    [OneTimeTearDown]
    public async Task Stop() => await _host.DisposeAsync();

    [TestCase("Authorization", "Bearer ")]
    [TestCase("Authorization", "bearer ")]
    [TestCase("X-Api-Key", "")]
    public async Task A_known_key_with_the_scope_gets_in_and_is_named(string header, string scheme)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/ingest");
        request.Headers.TryAddWithoutValidation(header, scheme + TestHost.IngestKey.Text);
        using var response = await _host.Client.SendAsync(request);
        Assert.That(await response.Content.ReadAsStringAsync(), Is.EqualTo("till pos:True web:False"));
    }

    [Test]
    public async Task A_request_without_a_key_is_told_how_to_send_one()
    {
        var problem = await _host.ProblemAsync(HttpMethod.Get, "/ingest", 401);
        Assert.That(problem["detail"]!.GetValue<string>(), Does.Contain("Authorization"));
    }

    [Test]
    public async Task An_unknown_key_is_refused()
    {
        var known = TestHost.IngestKey;
        foreach (var text in (string[])[ApiKey.Create().Text, known.Text[..^1], known.Text + "A", known.Hash, new string('x', 5000)])
            await _host.ProblemAsync(new HttpRequestMessage(HttpMethod.Get, "/ingest") { Headers = { { "X-Api-Key", text } } }, 401);
    }

    [Test]
    public async Task A_key_without_the_scope_is_refused()
    {
        var problem = await _host.ProblemAsync(
            new HttpRequestMessage(HttpMethod.Get, "/ingest") { Headers = { { "X-Api-Key", TestHost.MetricsKey.Text } } }, 403);
        Assert.That(problem["type"]!.GetValue<string>(), Is.EqualTo(Problem.TypeBase + "scope-missing"));
    }

    [Test]
    public void A_new_key_is_recognised_by_its_hash_and_never_prints_itself()
    {
        var key = ApiKey.Create();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ApiKey.HashOf(key.Text), Is.EqualTo(key.Hash));
            Assert.That(key.ToString(), Does.Not.Contain(key.Text));
            Assert.That(ApiKey.Create().Text, Is.Not.EqualTo(key.Text));
        }
    }

    [Test]
    public async Task A_signed_link_opens_its_page_and_no_other()
    {
        var links = _host.App.Services.GetRequiredService<SignedLinks>();
        var clock = _host.App.Services.GetRequiredService<SystemClock>();
        var member = new Dictionary<string, string> { ["m"] = "42" };
        var link = links.Sign("offer", "/offers/7", member, clock.GetUtcNow().AddHours(1));
        using (var response = await _host.Client.GetAsync(link + "&utm_source=mail"))
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        await _host.ProblemAsync(HttpMethod.Get, link.Replace("/7?", "/8?", StringComparison.Ordinal), 403);
        await _host.ProblemAsync(HttpMethod.Get, link.Replace("m=42", "m=43", StringComparison.Ordinal), 403);
        await _host.ProblemAsync(HttpMethod.Get, link + "&m=43", 403);
        await _host.ProblemAsync(HttpMethod.Get, "/offers/7?m=42", 403);
        await _host.ProblemAsync(HttpMethod.Get, links.Sign("offer", "/offers/7", member, clock.GetUtcNow().AddHours(-1)), 410);
    }

    [Test]
    public async Task An_endpoint_that_does_not_say_who_may_call_keeps_the_host_from_starting()
    {
        await using var app = TestHost.Build(app =>
        {
            app.MapGet("/forgotten", () => "open to all");
            app.MapGet("/fine", () => "").AllowPublic("test");
        });
        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => app.StartAsync());
        Assert.That(refused!.Sentences, Has.Count.EqualTo(1).And.One.Contains("/forgotten").And.One.Contains("RequireApiKey"));
    }

    [Test]
    public async Task A_signed_endpoint_without_keys_keeps_the_host_from_starting()
    {
        await using var app = TestHost.Build(app => app.MapGet("/offers", () => "").RequireSignedLink("offer", LinkTime.System));
        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => app.StartAsync());
        Assert.That(refused!.Message, Does.Contain("/offers").And.Contain("Links:Current"));
    }

    [Test]
    public async Task A_host_without_the_defaults_does_not_start()
    {
        var builder = PatronHost.CreateBuilder(["--Http:Port=0"], "sample");
        await using var app = builder.Build();
        Assert.That(() => app.StartAsync(), Throws.TypeOf<StartRefusedException>().With.Message.Contains("MapPatronDefaults"));
    }
}
