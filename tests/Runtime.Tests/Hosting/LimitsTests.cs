using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Tests.Hosting;

[TestFixture]
internal sealed class LimitsTests
{
    [Test]
    public async Task A_caller_over_its_rate_is_told_when_to_come_back_and_health_still_answers()
    {
        await using var host = await TestHost.StartAsync(
            app => app.MapGet("/hello", () => "hello").AllowPublic("test"), settings: "--Http:RequestsPerSecondMax=1");
        HttpResponseMessage? refused = null;
        for (var i = 0; i < 20 && refused is null; i++)
        {
            var response = await host.Client.GetAsync("/hello");
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
                refused = response;
        }
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused, Is.Not.Null);
            Assert.That(refused?.Headers.RetryAfter?.Delta, Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(1)));
            Assert.That(refused?.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/problem+json"));
            Assert.That(await host.Client.GetStringAsync("/health/live"), Does.Contain("healthy"));
        }
    }

    [Test]
    public async Task Requests_beyond_those_in_flight_and_waiting_are_refused_at_once()
    {
        var gate = new TaskCompletionSource();
        await using var host = await TestHost.StartAsync(
            app => app.MapGet("/slow", async () => await gate.Task.ContinueWith(_ => "done", TaskScheduler.Default)).AllowPublic("test"),
            settings: "--Http:RequestsInFlightMax=1");
        var requests = Enumerable.Range(0, 3).Select(_ => host.Client.GetAsync("/slow")).ToList();
        var first = await Task.WhenAny(requests);
        Assert.That((await first).StatusCode, Is.EqualTo(HttpStatusCode.TooManyRequests));
        gate.SetResult();
        var statuses = (await Task.WhenAll(requests)).Select(r => (int)r.StatusCode).Order();
        Assert.That(statuses, Is.EqualTo(new[] { 200, 200, 429 }));
    }

    [Test]
    public async Task The_gRPC_port_speaks_HTTP_2_and_the_other_HTTP_1()
    {
        await using var host = await TestHost.StartAsync(
            app => app.MapGet("/protocol", (HttpContext context) => context.Request.Protocol).AllowPublic("test"), settings: "--Grpc:Port=0");
        var answers = new List<string>();
        foreach (var (url, version) in host.App.Urls.Zip([HttpVersion.Version11, HttpVersion.Version20]))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url + "/protocol");
            (request.Version, request.VersionPolicy) = (version, HttpVersionPolicy.RequestVersionExact);
            using var response = await host.Client.SendAsync(request);
            answers.Add(await response.Content.ReadAsStringAsync());
        }
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answers, Is.EqualTo(new[] { "HTTP/1.1", "HTTP/2" }));
            Assert.That(host.App.Urls, Has.All.StartsWith("http://127.0.0.1:"));
        }
    }
}
