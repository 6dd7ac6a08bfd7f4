using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Patron.Loyalty;
using Patron.Testing;

namespace Patron.Benchmarks.Coupons;

/// <summary>Loyalty alone with one campaign, whose codes are made and used.</summary>
internal sealed class CouponPlace : IAsyncDisposable
{
    private const string Campaign = "/v1/loyalty/campaigns/bench";
    private readonly TestHost host;
    private int keys;

    private CouponPlace(TestDatabase database, TestHost host) => (Database, this.host) = (database, host);

    public TestDatabase Database { get; }

    public CouponDesk Desk => host.Services.GetRequiredService<CouponDesk>();

    public static async Task<CouponPlace> StartAsync(BenchPlace place, CancellationToken cancellation)
    {
        var database = await place.CreateDatabaseAsync(cancellation);
        var host = await TestHost.StartAsync(
            builder => builder.AddLoyalty(), app => app.MapLoyalty(), cancellation, database,
            new Dictionary<string, string> { ["Coupons:MasterKey"] = Convert.ToBase64String(new byte[32]) });
        using var defined = await host.Http.PutAsJsonAsync(
            new Uri(Campaign, UriKind.Relative),
            new { names = new { en = "Bench" }, benefit = new { kind = "percentage", basisPoints = 1_000 } }, cancellation);
        defined.EnsureSuccessStatusCode();
        return new(database, host);
    }

    /// <summary>Answers the batch's number.</summary>
    public async Task<int> MakeAsync(int count, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{Campaign}/batches", UriKind.Relative));
        request.Content = JsonContent.Create(new { count });
        request.Headers.Add("Idempotency-Key", $"batch-{Interlocked.Increment(ref keys)}");
        using var answer = await host.Http.SendAsync(request, cancellation);
        answer.EnsureSuccessStatusCode();
        return (int)(await answer.Content.ReadFromJsonAsync<JsonNode>(cancellation))!["number"]!;
    }

    /// <summary>Reads the whole file as a client does, and answers its lines.</summary>
    public async Task<IReadOnlyList<string>> ExportAsync(int batch, CancellationToken cancellation)
    {
        await using var stream = await host.Http.GetStreamAsync(new Uri($"/v1/loyalty/batches/{batch}/codes.csv", UriKind.Relative), cancellation);
        using var reader = new StreamReader(stream);
        var codes = new List<string>();
        await reader.ReadLineAsync(cancellation);
        while (await reader.ReadLineAsync(cancellation) is { } line)
            codes.Add(line[..line.IndexOf(',', StringComparison.Ordinal)]);
        return codes;
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        await Database.DisposeAsync();
    }
}
