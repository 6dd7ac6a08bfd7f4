using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using NUnit.Framework;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Tests.Hosting;

[TestFixture]
internal sealed class MetricsTests
{
    private const string Golden = """
        # HELP app_backlog Waiting
        # TYPE app_backlog gauge
        app_backlog{otel_scope_name="Patron.Golden"} -2
        # HELP app_hit_ratio app.hit
        # TYPE app_hit_ratio gauge
        app_hit_ratio{otel_scope_name="Patron.Golden"} 0.25
        # HELP app_mails_sent_total Mails handed to a \\"relay\\"\nand taken
        # TYPE app_mails_sent_total counter
        app_mails_sent_total{channel_name="e\"mail\\\n中",otel_scope_name="Patron.Golden",patron_service="email"} 3
        # HELP app_read_bytes_per_second app.read
        # TYPE app_read_bytes_per_second gauge
        app_read_bytes_per_second{otel_scope_name="Patron.Golden"} 1.5
        # HELP app_requests_total app.requests_total
        # TYPE app_requests_total counter
        app_requests_total{key_1="y;x",otel_scope_name="Patron.Golden"} 1
        # HELP app_wait_seconds app.wait
        # TYPE app_wait_seconds histogram
        app_wait_seconds_bucket{otel_scope_name="Patron.Golden",le="0.01"} 0
        app_wait_seconds_bucket{otel_scope_name="Patron.Golden",le="0.1"} 1
        app_wait_seconds_bucket{otel_scope_name="Patron.Golden",le="1"} 2
        app_wait_seconds_bucket{otel_scope_name="Patron.Golden",le="+Inf"} 3
        app_wait_seconds_sum{otel_scope_name="Patron.Golden"} 2.55
        app_wait_seconds_count{otel_scope_name="Patron.Golden"} 3

        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private TestHost _host = null!;

    // The instruments of a stopped host end those of the same name of others in its process, so every test has a host of its own.
    [SetUp]
    public async Task Start() => _host = await TestHost.StartAsync(app => app.MapGet("/hello", () => "hello").AllowPublic("test"));

    [TearDown]
    public async Task Stop() => await _host.DisposeAsync();

    [Test]
    public async Task Names_units_labels_and_buckets_are_as_Prometheus_expects()
    {
        using var meter = new Meter("Patron.Golden");
        meter.CreateCounter<long>("app.mails.sent", "{mail}", "Mails handed to a \\\"relay\\\"\nand taken")
            .Add(3, new("channel.name", "e\"mail\\\n中"), Telemetry.Of("email"));
        meter.CreateCounter<long>("app.requests_total", "1").Add(1, new("key.1", "x"), new("key-1", "y"));
        meter.CreateUpDownCounter<int>("app.backlog", "{record}", "Waiting").Add(-2);
        meter.CreateGauge<double>("app.hit", "1").Record(0.25);
        meter.CreateGauge<double>("app.read", "By/s").Record(1.5);
        var wait = meter.CreateHistogram("app.wait", "s", null, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.1, 1] });
        foreach (var seconds in (double[])[0.05, 0.5, 2])
            wait.Record(seconds);

        var lines = (await ScrapeAsync()).Split('\n');
        var ours = lines.Where(l => l.StartsWith("app_", StringComparison.Ordinal) || l.Contains(" app_", StringComparison.Ordinal));
        Assert.That(string.Concat(ours.Select(l => l + "\n")), Is.EqualTo(Golden.ReplaceLineEndings("\n")));
    }

    [Test]
    public async Task Requests_and_the_process_are_measured()
    {
        await _host.Client.GetStringAsync("/hello");
        // A request is counted after its answer has left.
        var text = "";
        for (var begin = Stopwatch.StartNew(); !text.Contains("http_route=\"/hello\"", StringComparison.Ordinal) && begin.Elapsed < Patience;)
            text = await ScrapeAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(text, Does.Contain("http_server_request_duration_seconds_bucket").And.Contain("http_route=\"/hello\""));
            Assert.That(text, Does.Contain("dotnet_gc_collections_total"));
            Assert.That(text, Does.Contain("target_info{").And.Contain("service_name=\"sample\""));
            Assert.That(text, Does.EndWith("\n").And.Not.Contain("\r"));
        }
    }

    [Test]
    public async Task Metrics_need_a_key_unless_the_operator_says_otherwise()
    {
        await _host.ProblemAsync(HttpMethod.Get, "/metrics", 401);
        await using var open = await TestHost.StartAsync(_ => { }, settings: "--Metrics:Public=true");
        Assert.That(await open.Client.GetStringAsync("/metrics"), Does.Contain("# TYPE "));
    }

    private async Task<string> ScrapeAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", TestHost.MetricsKey.Text);
        using var response = await _host.Client.SendAsync(request);
        response.EnsureSuccessStatusCode();
        Assert.That(response.Content.Headers.ContentType?.ToString(), Is.EqualTo("text/plain; version=0.0.4; charset=utf-8"));
        return await response.Content.ReadAsStringAsync();
    }
}
