using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Loyalty;
using Patron.Runtime.EventLog;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty.Coupons;

/// <summary>Loyalty in a host with a key for codes, and the words in which the tests of coupons speak to it over HTTP.</summary>
internal sealed class CouponPlace(TestHost host) : IAsyncDisposable
{
    public static readonly Topic ProfileTopic = new(Contracts.Topics.Profile);
    public static readonly Topic LoyaltyTopic = new(Contracts.Topics.Loyalty);
    private int keys;

    public TestHost Host { get; } = host;

    public static IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["Coupons:MasterKey"] = Convert.ToBase64String(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray()),
        ["Coupons:BookHeldFor"] = "00:00:00.1",
        ["Coupons:FailedTriesPerMinute"] = "20",
    };

    public static async Task<CouponPlace> StartAsync(CancellationToken cancellation, TestDatabase? database = null) => new(
        await TestHost.StartAsync(builder => builder.AddLoyalty(), app => app.MapLoyalty(), cancellation, database, Settings));

    public static Guid NewCustomer() => Guid.CreateVersion7(TestHost.Start);

    public static object TenPercent(int perMember = 0, string late = "first-wins", int validDays = 0, object? stacking = null) => new
    {
        names = new { en = "Ten percent off" },
        benefit = new { kind = "percentage", basisPoints = 1_000 },
        perMemberMax = perMember,
        latePolicy = late,
        validDays,
        stacking,
    };

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    public async Task DefineAsync(string campaign, object definition, CancellationToken cancellation) =>
        await SendAsync(HttpMethod.Put, $"/v1/loyalty/campaigns/{campaign}", definition, HttpStatusCode.OK, cancellation);

    /// <summary>The codes of a new batch, as they are exported.</summary>
    public async Task<IReadOnlyList<string>> CodesAsync(string campaign, int count, CancellationToken cancellation)
    {
        var batch = await SendAsync(HttpMethod.Post, $"/v1/loyalty/campaigns/{campaign}/batches", new { count }, HttpStatusCode.OK, cancellation);
        return await ExportAsync((int)batch["number"]!, cancellation);
    }

    public async Task<IReadOnlyList<string>> ExportAsync(int batch, CancellationToken cancellation)
    {
        var text = await Host.Http.GetStringAsync(new Uri($"/v1/loyalty/batches/{batch}/codes.csv", UriKind.Relative), cancellation);
        return [.. text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split(',')[0])];
    }

    public async Task<Guid> IssueAsync(Guid customer, string campaign, CancellationToken cancellation)
    {
        var issued = await SendAsync(
            HttpMethod.Post, $"/v1/loyalty/customers/{customer}/coupons", new { campaign, source = "test" }, HttpStatusCode.Created, cancellation);
        return Guid.Parse((string)issued["coupon"]!);
    }

    public async Task<string> ViewAsync(Guid customer, Guid coupon, CancellationToken cancellation) =>
        (string)(await SendAsync(HttpMethod.Post, $"/v1/loyalty/customers/{customer}/coupons/{coupon}/view", null, HttpStatusCode.OK, cancellation))["code"]!;

    public Task<JsonNode> RedeemAsync(object body, HttpStatusCode expected, CancellationToken cancellation, string? key = null) =>
        SendAsync(HttpMethod.Post, "/v1/loyalty/coupons/redemptions", body, expected, cancellation, key);

    public Task<JsonNode> ReserveAsync(object body, HttpStatusCode expected, CancellationToken cancellation, string? key = null) =>
        SendAsync(HttpMethod.Post, "/v1/loyalty/coupons/reservations", body, expected, cancellation, key);

    public async Task<string> HoldAsync(object body, CancellationToken cancellation) =>
        (string)(await ReserveAsync(body, HttpStatusCode.Created, cancellation))["reservation"]!;

    public Task<JsonNode> ConfirmAsync(string reservation, HttpStatusCode expected, CancellationToken cancellation, string? key = null) => SendAsync(
        HttpMethod.Post, $"/v1/loyalty/coupons/reservations/{reservation}/confirm",
        new { store = "london-1", receipt = "r-1", discountMinor = 250, currency = "GBP" }, expected, cancellation, key);

    public Task<JsonNode> ReleaseAsync(string reservation, HttpStatusCode expected, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Delete, $"/v1/loyalty/coupons/reservations/{reservation}", null, expected, cancellation);

    public async Task<IReadOnlyList<(string State, string Campaign)>> WalletAsync(Guid customer, CancellationToken cancellation) =>
        [.. (await GetAsync($"/v1/loyalty/customers/{customer}/coupons", cancellation)).AsArray()
            .Select(it => ((string)it!["state"]!, (string)it["campaign"]!))];

    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellation) =>
        (await Host.Http.GetFromJsonAsync<JsonNode>(new Uri(path, UriKind.Relative), cancellation))!;

    public async Task<JsonNode> SendAsync(
        HttpMethod method, string path, object? body, HttpStatusCode expected, CancellationToken cancellation, string? key = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Content = body is null ? null : JsonContent.Create(body);
        request.Headers.Add("Idempotency-Key", key ?? $"key-{Interlocked.Increment(ref keys)}");
        using var answer = await Host.Http.SendAsync(request, cancellation);
        var text = await answer.Content.ReadAsStringAsync(cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(expected), $"{method} {path}: {text}");
        return text.Length == 0 ? JsonValue.Create("")! : JsonNode.Parse(text)!;
    }

    /// <summary>The types and keys of loyalty's public facts so far.</summary>
    public async Task<IReadOnlyList<(string Type, Guid Key)>> FactsAsync(CancellationToken cancellation)
    {
        await Host.DrainAsync(cancellation);
        return [.. (await Host.ReadTopicAsync(LoyaltyTopic, cancellation)).Select(fact =>
            (fact.Envelope.Type.Split('.')[^1], Guid.Parse(fact.Record.Key!)))];
    }

    public static string CodeOf(JsonNode problem) => ((string)problem["type"]!).Split('/')[^1];
}
