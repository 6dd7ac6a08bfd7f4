using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Patron.Services.Tests.Profile;

/// <summary>CloudEvents as touchpoints write them.</summary>
internal static class Events
{
    public const string Structured = "application/cloudevents+json";
    public const string Batch = "application/cloudevents-batch+json";

    public static JsonObject Purchase(string id, string? card = null, string source = "/pos/hk", string? email = null, string? phone = null,
        string currency = "HKD")
    {
        var data = JsonNode.Parse(
            """
            {
              "receipt": "R-1", "channel": "CHANNEL_POS", "store": "central", "currency": "HKD",
              "lines": [
                { "product": "85123A", "kind": "LINE_KIND_SALE", "quantity": 6, "amountMinor": "1530" },
                { "product": "POST", "kind": "LINE_KIND_FEE", "quantity": 1, "amountMinor": 400 }
              ]
            }
            """)!.AsObject();
        data["currency"] = currency;
        if (Identifiers(card, email, phone) is { Count: > 0 } customer)
            data["customer"] = customer;
        return Event("patron.ingest.v1.Purchase", id, source, data);
    }

    public static JsonObject Update(string id, string? card = null, string? email = null, string? phone = null, JsonObject? data = null)
    {
        data ??= [];
        data["customer"] = Identifiers(card, email, phone);
        return Event("patron.ingest.v1.CustomerUpdate", id, "/crm", data);
    }

    public static JsonObject ReturnLine(int quantity, long amountMinor) =>
        new() { ["product"] = "85123A", ["kind"] = "LINE_KIND_RETURN", ["quantity"] = quantity, ["amountMinor"] = amountMinor };

    public static JsonObject Event(string type, string id, string source, JsonObject data) => new()
    {
        ["specversion"] = "1.0",
        ["type"] = type,
        ["source"] = source,
        ["id"] = id,
        ["time"] = "2024-01-10T08:30:00Z",
        ["data"] = data,
    };

    public static JsonArray Many(int count, Func<int, JsonObject> make) => [.. Enumerable.Range(0, count).Select(make)];

    public static string Id(int number) => number.ToString(CultureInfo.InvariantCulture);

    public static Task<HttpResponseMessage> PostAsync(HttpClient http, JsonNode body, CancellationToken cancellation) =>
        PostAsync(http, body.ToJsonString(), body is JsonArray ? Batch : Structured, cancellation);

    public static async Task<HttpResponseMessage> PostAsync(HttpClient http, string body, string contentType, CancellationToken cancellation)
    {
        using var content = new StringContent(body, Encoding.UTF8, contentType);
        return await http.PostAsync(new Uri("/v1/events", UriKind.Relative), content, cancellation);
    }

    public static async Task<JsonNode> JsonAsync(this HttpResponseMessage response, CancellationToken cancellation) =>
        JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellation))!;

    private static JsonObject Identifiers(string? card, string? email, string? phone)
    {
        var customer = new JsonObject();
        if (card is not null)
            customer["loyaltyCard"] = card;
        if (email is not null)
            customer["email"] = email;
        if (phone is not null)
            customer["phone"] = phone;
        return customer;
    }
}
