using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Profile.V1;
using Patron.Loyalty;
using Patron.Runtime.EventLog;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty;

/// <summary>Loyalty alone in a host as a till sees it: what it asks over HTTP, and the purchases that profile tells.</summary>
internal sealed class Till(TestHost host) : IAsyncDisposable
{
    private static readonly Topic Profile = new(Topics.Profile);
    private int receipts;

    public TestHost Host => host;

    public static async Task<Till> OpenAsync(
        CancellationToken cancellation, IReadOnlyDictionary<string, string>? settings = null, DateTimeOffset? start = null) =>
        new(await TestHost.StartAsync(builder => builder.AddLoyalty(), app => app.MapLoyalty(), cancellation, settings: settings, start: start));

    /// <summary>A programme that differs from the demo's in some fields.</summary>
    public static async Task<Dictionary<string, string>> ProgrammeAsync(Action<JsonObject> change, CancellationToken cancellation)
    {
        await using var demo = typeof(Programme).Assembly.GetManifestResourceStream("programme.json")!;
        var programme = (JsonObject)(await JsonNode.ParseAsync(demo, cancellationToken: cancellation))!;
        change(programme);
        var path = Path.Combine(Path.GetTempPath(), $"programme-{Path.GetRandomFileName()}.json");
        await File.WriteAllTextAsync(path, programme.ToJsonString(), cancellation);
        return new() { ["Loyalty:ProgrammePath"] = path };
    }

    public static Guid NewCustomer() => Guid.CreateVersion7(TestHost.Start);

    /// <summary>A customer who has bought for this much, and therefore has a hundredth of it as points.</summary>
    public async Task<Guid> CustomerAsync(long minor, CancellationToken cancellation)
    {
        var customer = NewCustomer();
        await TellAsync(customer, Sale("MUG", 1, minor), cancellation);
        return customer;
    }

    public async Task<PurchaseRecorded> TellAsync(Guid customer, PurchaseRecorded fact, CancellationToken cancellation)
    {
        await host.PublishAsync(Profile, "profile", customer, fact, cancellation);
        await host.DrainAsync(cancellation);
        return fact;
    }

    public PurchaseRecorded Sale(string product, int quantity, long minor) => Document(product, LineKind.Sale, quantity, minor);

    public PurchaseRecorded Back(string product, int quantity) => Document(product, LineKind.Return, quantity, -1);

    public Task<JsonNode> LedgerAsync(Guid customer, CancellationToken cancellation) => GetAsync($"/v1/loyalty/customers/{customer}", cancellation);

    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellation) =>
        (await host.Http.GetFromJsonAsync<JsonNode>(new Uri(path, UriKind.Relative), cancellation))!;

    public Task<(HttpStatusCode Status, JsonNode Body)> ReserveAsync(
        Guid customer, string? key, long points, CancellationToken cancellation, int? seconds = null) =>
        PostAsync($"/v1/loyalty/customers/{customer}/holds", key, new { points, reason = "voucher", seconds }, cancellation);

    public async Task<string> HoldAsync(Guid customer, string key, long points, CancellationToken cancellation, int? seconds = null) =>
        (string)(await ReserveAsync(customer, key, points, cancellation, seconds)).Body["hold"]!;

    public Task<(HttpStatusCode Status, JsonNode Body)> ConfirmAsync(Guid customer, string hold, CancellationToken cancellation, long? points = null) =>
        PostAsync($"/v1/loyalty/customers/{customer}/holds/{hold}/confirm", null, new { points }, cancellation);

    public Task<(HttpStatusCode Status, JsonNode Body)> CancelAsync(Guid customer, string hold, CancellationToken cancellation) =>
        PostAsync($"/v1/loyalty/customers/{customer}/holds/{hold}/cancel", null, null, cancellation);

    public Task<(HttpStatusCode Status, JsonNode Body)> RedeemAsync(Guid customer, string? key, object body, CancellationToken cancellation) =>
        PostAsync($"/v1/loyalty/customers/{customer}/redemptions", key, body, cancellation);

    public Task<(HttpStatusCode Status, JsonNode Body)> RefundAsync(
        Guid customer, string redemption, string? key, CancellationToken cancellation, long? points = null) =>
        PostAsync($"/v1/loyalty/customers/{customer}/redemptions/{redemption}/refund", key, new { points }, cancellation);

    public async Task<(HttpStatusCode Status, JsonNode Body)> PostAsync(string path, string? key, object? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative));
        if (body is not null)
            request.Content = JsonContent.Create(body);
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        using var answer = await host.Http.SendAsync(request, cancellation);
        return (answer.StatusCode, (await answer.Content.ReadFromJsonAsync<JsonNode>(cancellation))!);
    }

    public static (HttpStatusCode Status, string Code) Refusal((HttpStatusCode Status, JsonNode Body) answer) =>
        (answer.Status, ((string?)answer.Body["type"] ?? "").Split('/')[^1]);

    public static long Number(JsonNode node, string name) => (long)node[name]!;

    public ValueTask DisposeAsync() => host.DisposeAsync();

    private PurchaseRecorded Document(string product, LineKind kind, int quantity, long minor)
    {
        receipts++;
        return new()
        {
            PurchaseId = LedgerStories.Receipt(receipts).ToString(),
            Source = "pos",
            Receipt = $"r-{receipts}",
            Currency = "GBP",
            OccurredAt = host.Clock.GetUtcNow().AddSeconds(receipts).ToTimestamp(),
            Lines = { new Line { Product = product, Kind = kind, Quantity = quantity, AmountMinor = minor } },
        };
    }
}
