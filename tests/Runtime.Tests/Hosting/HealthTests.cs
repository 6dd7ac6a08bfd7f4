using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using NUnit.Framework;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Tests.Hosting;

[TestFixture]
internal sealed class HealthTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);

    [TestCase("started")]
    [TestCase("live")]
    [TestCase("ready")]
    public async Task A_host_without_probes_is_healthy_without_a_key(string kind)
    {
        await using var host = await TestHost.StartAsync(_ => { });
        var (status, body) = await AskAsync(host, kind);
        Assert.That((status, body["status"]!.GetValue<string>()), Is.EqualTo((HttpStatusCode.OK, "healthy")));
    }

    [Test]
    public async Task Every_failing_check_is_listed_with_its_reason_and_the_others_too()
    {
        await using var host = await TestHost.StartAsync(_ => { }, builder => builder.Services
            .AddHealthProbe("database", HealthKind.Ready, Long, (_, _) => ValueTask.FromResult<string?>(null))
            .AddHealthProbe("lag", HealthKind.Ready, Long, (_, _) => ValueTask.FromResult<string?>("Partition 3 is 900 records behind."))
            .AddHealthProbe("log", HealthKind.Ready, Long, (_, _) => throw new InvalidOperationException("host db-7 password hunter2"))
            .AddHealthProbe("slow", HealthKind.Ready, TimeSpan.FromMilliseconds(20), async (_, _) =>
            {
                await new TaskCompletionSource().Task;
                return null;
            }));

        var (status, body) = await AskAsync(host, "ready");

        var reasons = body["checks"]!.AsArray().ToDictionary(c => c!["name"]!.GetValue<string>(), c => c!["reason"]?.GetValue<string>());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(status, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
            Assert.That(reasons["database"], Is.Null);
            Assert.That(reasons["lag"], Is.EqualTo("Partition 3 is 900 records behind."));
            Assert.That(reasons["log"], Is.EqualTo("The check failed; the log says why."));
            Assert.That(reasons["slow"], Is.EqualTo("No answer within 0.02 s."));
            Assert.That((await AskAsync(host, "live")).Status, Is.EqualTo(HttpStatusCode.OK), "liveness does not ask what readiness asks");
        }
    }

    [Test]
    public async Task Asking_often_does_not_check_often()
    {
        var asked = 0;
        await using var host = await TestHost.StartAsync(_ => { }, builder => builder.Services.AddHealthProbe("counted", HealthKind.Live, Long, (_, _) =>
        {
            Interlocked.Increment(ref asked);
            return ValueTask.FromResult<string?>(null);
        }));
        var begin = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < 50; i++)
            await AskAsync(host, "live");
        Assert.That(asked, Is.LessThanOrEqualTo(1 + (int)TimeProvider.System.GetElapsedTime(begin).TotalSeconds));
    }

    private static async Task<(HttpStatusCode Status, JsonNode Body)> AskAsync(TestHost host, string kind)
    {
        using var response = await host.Client.GetAsync("/health/" + kind);
        return (response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonNode>())!);
    }
}
