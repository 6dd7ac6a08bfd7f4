using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Tests.Hosting;

[TestFixture]
internal sealed class TracingTests
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";

    [Test]
    public async Task The_callers_trace_goes_on_in_the_service_even_when_nobody_receives_spans()
    {
        await using var host = await TestHost.StartAsync(app => app.MapGet("/trace", () => Activity.Current!.Id).AllowPublic("test"));
        using var response = await host.Client.SendAsync(Request("/trace"));
        Assert.That(await response.Content.ReadAsStringAsync(), Does.StartWith($"00-{Trace}-").And.Not.Contain("00f067aa0ba902b7"));
    }

    [TestCase("/tagged/7", "GET /tagged/{id}", 200, ActivityStatusCode.Unset)]
    [TestCase("/broken", "GET /broken", 500, ActivityStatusCode.Error)]
    public async Task A_server_span_names_route_and_status(string path, string name, int status, ActivityStatusCode outcome)
    {
        var ended = new TaskCompletionSource<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => ended.TrySetResult(activity),
        };
        ActivitySource.AddActivityListener(listener);
        await using var host = await TestHost.StartAsync(app =>
        {
            app.MapGet("/tagged/{id}", (string id) => id).AllowPublic("test");
            app.MapGet("/broken", string () => throw new InvalidOperationException()).AllowPublic("test");
        });
        using var response = await host.Client.SendAsync(Request(path));
        var span = await ended.Task.WaitAsync(TimeSpan.FromSeconds(10));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(span.TraceId.ToHexString(), Is.EqualTo(Trace));
            Assert.That(span.DisplayName, Is.EqualTo(name));
            Assert.That(span.GetTagItem("http.response.status_code"), Is.EqualTo(status));
            Assert.That(span.GetTagItem("url.path"), Is.EqualTo(path));
            Assert.That(span.Status, Is.EqualTo(outcome));
        }
    }

    [Test]
    public async Task Spans_and_metrics_reach_an_OTLP_receiver_at_the_latest_when_the_service_stops()
    {
        var received = new ConcurrentDictionary<string, string>();
        await using var receiver = await TestHost.StartAsync(app => app.MapPost("/v1/{signal}", async (string signal, HttpRequest request) =>
        {
            using var reader = new StreamReader(request.Body, Encoding.Latin1);
            var body = await reader.ReadToEndAsync();
            received.AddOrUpdate(signal, body, (_, earlier) => earlier + body);
        }).AllowPublic("test"));
        var variables = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.App.Urls.First(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        };
        await using var service = new ServiceProcess(variables, "--Http:Port=0");
        var url = await service.LineAsync(l => l.StartsWith("http:", StringComparison.Ordinal));
        await receiver.Client.GetStringAsync(url + "/health/live");
        await service.TerminateAsync();
        Assert.That(await service.ExitCodeAsync(), Is.Zero);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(received.GetValueOrDefault("traces"), Does.Contain("GET /health/live").And.Contain("service.name").And.Contain("sample"));
            Assert.That(received.GetValueOrDefault("metrics"), Does.Contain("http.server.request.duration"));
        }
    }

    private static HttpRequestMessage Request(string path) =>
        new(HttpMethod.Get, path) { Headers = { { "traceparent", $"00-{Trace}-00f067aa0ba902b7-01" } } };
}
