using System.Net.Http.Headers;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Testing;

namespace Patron.Services.Tests.Privacy;

/// <summary>
/// A thousand canaries are planted in every kind of field by every door, all services work and send their mails, then everybody is erased: no
/// canary is anywhere any more. What is looked at is every column of every table of every schema, every record of every topic, and all that was
/// logged, traced and measured. Allowed to remain: the mails that were delivered, and what was handed out by an export.
/// </summary>
[TestFixture]
[CancelAfter(300_000)]
internal sealed class ErasureProof
{
    private static readonly IReadOnlyList<Topic> AllTopics =
    [
        .. new[] { Topics.Ingest, Topics.Profile, Topics.Tagging, Topics.Loyalty, Topics.Segmentation, Topics.Journey, Topics.Email, Topics.Sms, Topics.WeChat }
            .Select(name => new Topic(name)),
        new Topic(Topics.ProfileCustomers, Compacted: true),
    ];

    /// <summary>Where something personal may stand in clear while the person may be known, and why.</summary>
    private static readonly IReadOnlyDictionary<string, string> InClearMeanwhile = new Dictionary<string, string>
    {
        ["log.batches.body"] = "the touchpoints' own topic, until what was taken is deleted there",
        ["profile.events.data"] = "names of wordings, by contract not personal",
        ["profile.streams.state"] = "the same",
        ["tagging.parked.record"] = "planted by hand, since no record of this build fails",
        ["tagging.parked.reason"] = "the same",
        ["tagging.discarded.why"] = "an operator's own words",
    };

    [Test]
    public async Task After_everybody_is_erased_no_canary_is_anywhere(CancellationToken cancellation)
    {
        using var output = new CapturedOutput();
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        Garden garden;
        DateTimeOffset now;
        await using (var host = await StartAsync(database, output, null, cancellation))
        {
            garden = await PlantAsync(host, cancellation);
            await SeenBeforeAsync(host, garden, cancellation);
            Assert.That(host.Mails.Catcher.Mails, Has.Count.EqualTo(garden.People.Count - 1), "everybody who is not parked got the welcome mail");
            now = host.Host.Clock.GetUtcNow();
        }

        await using (var host = await StartAsync(database, output, now, cancellation, ("Profile:IngestKept", "00:00:00")))
        {
            var erasures = new List<Guid>();
            foreach (var person in garden.People)
                erasures.Add((Guid)(await host.AskForErasureAsync(person.Customer, cancellation))["id"]!);
            foreach (var erasure in erasures)
                await host.CompletedAsync(erasure, cancellation);
            await host.Host.DrainAsync(cancellation);
            await UntilForgottenAsync(host, cancellation);

            var (rows, columns) = await CanaryScan.DatabaseAsync(host.Database, cancellation);
            var (records, count) = await CanaryScan.LogAsync(host.Host.Log, AllTopics, cancellation);
            Assert.That(columns, Is.GreaterThan(150), "all tables of all services were looked at");
            Assert.That(count, Is.GreaterThan(garden.People.Count * 5), "all topics were looked at");
            Assert.That(rows.IsEmpty, Is.True, $"in tables:\n{rows}");
            Assert.That(records.IsEmpty, Is.True, $"on the log:\n{records}");
            await SaidNothingAsync(host, output, cancellation);
        }
    }

    /// <summary>A scan that is blind would prove nothing.</summary>
    private static async Task SeenBeforeAsync(WholeHost host, Garden garden, CancellationToken cancellation)
    {
        var (rows, _) = await CanaryScan.DatabaseAsync(host.Database, cancellation);
        var (records, _) = await CanaryScan.LogAsync(host.Host.Log, AllTopics, cancellation);
        var elsewhere = rows.ByPlace.Keys.Where(p => !InClearMeanwhile.ContainsKey(p) && !IsParked(p)).ToList();
        Assert.That(elsewhere, Is.Empty, rows.ToString());
        Assert.That(InClearMeanwhile.Keys.Except(rows.ByPlace.Keys), Is.Empty, "the scan sees what is in clear");
        Assert.That(records.ByPlace.Keys, Is.EqualTo((string[])[Topics.Ingest]), records.ToString());
        foreach (var person in garden.People)
        {
            var exported = CanaryScan.In(await ExportAsync(host, person.Customer, cancellation));
            Assert.That(person.Kept.Except(exported).Select(Canary.Text), Is.Empty, "an export shows everything that is kept");
        }

        Assert.That(CanaryScan.In(await host.Mails.Catcher.ReadAsync(host.Mails.Catcher.Mails[0], cancellation)), Is.Not.Empty, "mails name people");
    }

    private static bool IsParked(string place) => place.Split('.')[1] is "parked" or "discarded";

    private static async Task<Garden> PlantAsync(WholeHost host, CancellationToken cancellation)
    {
        var garden = new Garden(host);
        foreach (var planter in Planters.All)
        {
            var before = garden.Count;
            await planter.PlantAsync(garden, cancellation);
            TestContext.Out.WriteLine($"{garden.Count - before,5} canaries: {planter.Way}");
        }

        Assert.That(garden.Count, Is.GreaterThanOrEqualTo(1_000));
        await host.Host.DrainAsync(cancellation);
        await host.Host.AdvanceToAsync(host.Host.Clock.GetUtcNow().AddDays(1).AddHours(2), cancellation);
        return garden;
    }

    /// <summary>Logs at the lowest level, spans with all tags, and metrics.</summary>
    private static async Task SaidNothingAsync(WholeHost host, CapturedOutput output, CancellationToken cancellation)
    {
        var said = new Sightings();
        foreach (var line in output.Lines)
            said.Add($"log: {line}", CanaryScan.In(line));
        foreach (var span in output.Spans)
            said.Add($"span: {span}", CanaryScan.In(span));
        var metrics = await host.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellation);
        said.Add("metrics", CanaryScan.In(metrics));
        Assert.That(output.Lines, Has.Count.GreaterThan(1_000), "logs were looked at");
        Assert.That(output.Spans, Has.Count.GreaterThan(1_000), "spans were looked at");
        Assert.That(metrics, Does.Contain("patron_"), "metrics were looked at");
        Assert.That(said.IsEmpty, Is.True, said.ToString());
    }

    private static async Task<string> ExportAsync(WholeHost host, Guid customer, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"/v1/customers/{customer}/export", UriKind.Relative))
        {
            Content = JsonContent.Create(new { reason = "request", reference = "T-2" }),
        };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/x-ndjson"));
        using var answer = await host.Http.SendAsync(request, cancellation);
        var text = await answer.Content.ReadAsStringAsync(cancellation);
        Assert.That(text, Does.EndWith("{\"complete\":true,\"missing\":[]}\n"));
        return text;
    }

    private static async Task UntilForgottenAsync(WholeHost host, CancellationToken cancellation)
    {
        while (!(await CanaryScan.LogAsync(host.Host.Log, [new Topic(Topics.Ingest)], cancellation)).Found.IsEmpty)
            await Task.Delay(50, cancellation);
    }

    private static Task<WholeHost> StartAsync(
        TestDatabase database, CapturedOutput output, DateTimeOffset? start, CancellationToken cancellation, params (string Name, string Value)[] settings) =>
        WholeHost.StartAsync(
            database, cancellation, builder => Listen(builder, output), start,
            [("Logging:LogLevel:Default", "Trace"), ("Logging:LogLevel:Microsoft.AspNetCore", "Debug"), ("Metrics:Public", "true"), .. settings]);

    private static void Listen(WebApplicationBuilder builder, CapturedOutput output)
    {
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<ILoggerProvider>(output);
    }
}
