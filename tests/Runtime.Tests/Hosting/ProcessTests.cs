using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using NUnit.Framework;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Tests.Hosting;

[TestFixture]
internal sealed class ProcessTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Test]
    public async Task On_SIGTERM_readiness_turns_false_then_requests_end_then_the_workers_stop()
    {
        await using var service = new ServiceProcess("--Http:Port=0", "--Drain:ReadinessDelay=00:00:04");
        using var client = new HttpClient { BaseAddress = new Uri(await service.LineAsync(l => l.StartsWith("http:", StringComparison.Ordinal))) };
        var slow = client.GetStringAsync("/slow");
        await service.LineAsync(l => l == "request-began");
        Assert.That((await client.GetAsync("/health/ready")).StatusCode, Is.EqualTo(HttpStatusCode.OK));

        await service.TerminateAsync();
        var status = HttpStatusCode.OK;
        for (var begin = Stopwatch.StartNew(); status == HttpStatusCode.OK && begin.Elapsed < Patience;)
            status = (await client.GetAsync("/health/ready")).StatusCode;
        Assert.That(status, Is.EqualTo(HttpStatusCode.ServiceUnavailable), "not ready, but still answering");
        await client.GetStringAsync("/open-the-gate");

        Assert.That(await slow, Is.EqualTo("done"));
        Assert.That(await service.ExitCodeAsync(), Is.Zero);
        Assert.That(service.Lines.Skip(1), Is.EqualTo(new[] { "request-began", "request-ended", "worker-stopped" }));
    }

    [Test]
    public async Task A_request_that_never_ends_is_cut_off_after_the_grace_period()
    {
        await using var service = new ServiceProcess("--Http:Port=0", "--Drain:GracePeriod=00:00:01");
        using var client = new HttpClient { BaseAddress = new Uri(await service.LineAsync(l => l.StartsWith("http:", StringComparison.Ordinal))) };
        var slow = client.GetStringAsync("/slow");
        await service.LineAsync(l => l == "request-began");
        await service.TerminateAsync();
        Assert.That(async () => await slow, Throws.InstanceOf<HttpRequestException>());
        await service.ExitCodeAsync();
        Assert.That(service.Lines, Does.Not.Contain("request-ended"));
    }

    [Test]
    public async Task Migrate_runs_the_migrations_and_nothing_else()
    {
        await using var service = new ServiceProcess("--migrate", "--Http:Port=0");
        Assert.That(await service.ExitCodeAsync(), Is.Zero);
        Assert.That(service.Lines, Is.EqualTo(new[] { "migrated" }));
    }

    [Test]
    public async Task Healthy_asks_the_running_service_and_answers_by_its_exit_code()
    {
        await using var service = new ServiceProcess("--Http:Port=0", "--Http:Bind=0.0.0.0");
        var port = new Uri(await service.LineAsync(l => l.StartsWith("http:", StringComparison.Ordinal))).Port;
        await using var question = new ServiceProcess("--healthy", $"--Http:Port={port}", "--Http:Bind=0.0.0.0");
        Assert.That(await question.ExitCodeAsync(), Is.Zero);
        Assert.That(question.Lines, Is.Empty);

        await service.TerminateAsync();
        await service.ExitCodeAsync();
        await using var again = new ServiceProcess("--healthy", $"--Http:Port={port}", "--Http:Bind=0.0.0.0");
        Assert.That(await again.ExitCodeAsync(), Is.EqualTo(PatronHost.ExitFailed));
    }

    [Test]
    public async Task A_failed_migration_ends_with_a_failure_that_may_be_repeated()
    {
        await using var service = new ServiceProcess("--migrate", "--Sample:Break=1");
        Assert.That(await service.ExitCodeAsync(), Is.EqualTo(PatronHost.ExitFailed));
    }

    [Test]
    public async Task Wrong_settings_end_with_78_and_a_sentence_each()
    {
        await using var service = new ServiceProcess("--Http:Port=70000", "--Drain:GracePeriod=never");
        Assert.That(await service.ExitCodeAsync(), Is.EqualTo(PatronHost.ExitRefused));
        Assert.That(service.Errors, Has.Count.EqualTo(3).And.One.EqualTo("sample does not start:"));
        Assert.That(service.Errors, Has.One.Contains("Http:Port is '70000'").And.One.Contains("Drain:GracePeriod is 'never'"));
    }

    [Test]
    public async Task A_forgotten_access_rule_ends_with_78_and_the_route()
    {
        await using var service = new ServiceProcess("--Http:Port=0", "--Sample:Forget=1");
        Assert.That(await service.ExitCodeAsync(), Is.EqualTo(PatronHost.ExitRefused));
        Assert.That(service.Errors, Has.One.Contains("/forgotten"));
    }

    [Test]
    public async Task A_port_in_use_ends_with_78_and_says_which()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var service = new ServiceProcess($"--Http:Port={port}");
        Assert.That(await service.ExitCodeAsync(), Is.EqualTo(PatronHost.ExitRefused));
        Assert.That(service.Errors, Has.One.Contains($":{port}").And.One.Contains("Http:Port"));
    }
}
