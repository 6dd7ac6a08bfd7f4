using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Segmentation;
using Patron.Services.Tests.Tagging;
using Patron.Testing;

namespace Patron.Services.Tests.Segmentation;

/// <summary>Segments over stages, scores and predictions, which go by versions that hold for a while.</summary>
[CancelAfter(120_000)]
internal sealed class ScoreSegmentTests
{
    private const int Customers = 120;

    [Test]
    public async Task Scores_go_by_a_version_and_predictions_come_with_the_scan(CancellationToken cancellation)
    {
        await using var host = await TestHost.StartAsync(
            builder => builder.AddSegmentation(), app => app.MapSegmentation(), cancellation, settings: new Dictionary<string, string>
            {
                ["CustomerValue:LookEvery"] = "00:00:00.050",
                ["CustomerValue:ScoresForDays"] = "5",
            });
        await PutAsync(host, "staying", """{"kind":"predicted","number":"AlivePercent","min":50}""", cancellation);
        await PutAsync(host, "best", """{"kind":"rfm","names":["champions","loyal"]}""", cancellation);
        var facts = new FactWriter();
        var random = new Random(9);
        var bought = Enumerable.Range(1, Customers).SelectMany(number => Life(random).Select(fact => (Customer(number), fact))).ToList();
        await facts.WriteAsync(host, Topics.Profile, bought);
        await host.DrainAsync(cancellation);
        await VersionAsync(host, 1, cancellation);
        await host.AdvanceToAsync(TestHost.Start.AddDays(6), cancellation);
        var version = await VersionAsync(host, 2, cancellation);
        Assert.That(version.GetProperty("customers").GetInt32(), Is.EqualTo(Customers));
        await host.AdvanceToAsync(TestHost.Start.AddDays(8), cancellation);

        var all = (await host.Http.GetFromJsonAsync<JsonElement>("/v1/segmentation/segments?counted=true", cancellation)).EnumerateArray()
            .ToDictionary(segment => segment.GetProperty("name").GetString()!, segment => segment.GetProperty("size").GetInt64());
        var named = all.Where(size => size.Key.StartsWith("rfm-", StringComparison.Ordinal)).Sum(size => size.Value);
        Assert.That(named, Is.EqualTo(Customers), "Everybody has a name");
        Assert.That(all["best"], Is.EqualTo(all["rfm-champions"] + all["rfm-loyal"]).And.InRange(1, Customers - 1));
        Assert.That(all["staying"], Is.InRange(1, Customers - 1));
        using var body = new StringContent("""{"kind":"predicted","number":"AlivePercent","min":50}""", Encoding.UTF8, "application/json");
        using var preview = await host.Http.PostAsync(new Uri("/v1/segmentation/preview", UriKind.Relative), body, cancellation);
        Assert.That((await preview.Content.ReadFromJsonAsync<JsonElement>(cancellation)).GetProperty("matching").GetInt64(), Is.EqualTo(all["staying"]));
        Assert.That(await WhyAsync(host, Customer(1), "staying", cancellation), Does.Match("^[0-9]+ % likely to be a customer still$"));
        Assert.That(await WhyAsync(host, Customer(1), "best", cancellation), Does.Match("^.+: recency [1-5], frequency [1-5], money [1-5]$"));
        Assert.That(await WhyAsync(host, Customer(Customers + 1), "staying", cancellation), Is.EqualTo("no purchase yet, so nothing is predicted"));
    }

    private static IEnumerable<IMessage> Life(Random random)
    {
        for (var day = random.Next(-700, -60); day < 0; day += random.Next(3, 40) * random.Next(1, 8))
        {
            yield return Receipt.Of(TestHost.Start.AddDays(day), Channel.Pos, Receipt.Sale(random.Next(5_00, 150_00)));
            if (random.Next(5) == 0)
                yield break;
        }
    }

    private static Guid Customer(int number) => new($"0b6f7a52-5f0e-7000-8000-{number:x12}");

    private static async Task<JsonElement> VersionAsync(TestHost host, long version, CancellationToken cancellation)
    {
        while (true)
        {
            using var answer = await host.Http.GetAsync(new Uri("/v1/segmentation/scores", UriKind.Relative), cancellation);
            if (answer.StatusCode == HttpStatusCode.OK && await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation) is var scores
                && scores.GetProperty("version").GetInt64() >= version)
                return scores;
            await Task.Delay(20, cancellation);
        }
    }

    private static async Task PutAsync(TestHost host, string name, string rule, CancellationToken cancellation)
    {
        using var body = new StringContent($$"""{"title":"{{name}}","rule":{{rule}}}""", Encoding.UTF8, "application/json");
        using var answer = await host.Http.PutAsync(new Uri($"/v1/segmentation/segments/{name}", UriKind.Relative), body, cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK), await answer.Content.ReadAsStringAsync(cancellation));
    }

    private static async Task<string?> WhyAsync(TestHost host, Guid customer, string segment, CancellationToken cancellation) =>
        (await host.Http.GetFromJsonAsync<JsonElement>($"/v1/segmentation/customers/{customer}?segment={segment}", cancellation)).GetProperty("segments")[0]
            .GetProperty("why").GetProperty("fact").GetString();
}
