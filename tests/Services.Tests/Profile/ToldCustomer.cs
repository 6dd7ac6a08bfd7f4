using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>Tells profile things about a customer with a card, and asks what it made of them.</summary>
internal sealed class ToldCustomer(TestHost host, string card)
{
    private int told;

    public Guid Customer { get; private set; }

    /// <param name="hour">When it was so, in hours after midnight of the tests' first day.</param>
    public async Task UpdateAsync(int hour, CancellationToken cancellation, JsonObject? data = null, string source = "/crm", string? email = null)
    {
        using var answer = await PostAsync(hour, cancellation, data, source, email);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Accepted), await answer.Content.ReadAsStringAsync(cancellation));
        Customer = Guid.Parse((string)(await answer.JsonAsync(cancellation))["events"]![0]!["customer"]!);
    }

    public async Task<HttpResponseMessage> PostAsync(
        int hour, CancellationToken cancellation, JsonObject? data = null, string source = "/crm", string? email = null)
    {
        var update = Events.Update($"{card}-{Interlocked.Increment(ref told)}", card: card, email: email, data: data);
        update["source"] = source;
        update["time"] = TestHost.Start.Date.AddHours(hour).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return await Events.PostAsync(host.Http, update, cancellation);
    }

    public Task AttributesAsync(int hour, string source, CancellationToken cancellation, params (string Key, string Value)[] attributes) =>
        UpdateAsync(hour, cancellation, Attributes(attributes), source);

    public Task ConsentAsync(int hour, bool granted, CancellationToken cancellation, Action<JsonObject>? evidence = null, string? email = null) =>
        UpdateAsync(hour, cancellation, Consent(granted, evidence), email: email);

    public Task<JsonNode> ReadAsync(string what, CancellationToken cancellation) => ReadAsync(host, $"/v1/customers/{Customer}/{what}", cancellation);

    public static async Task<JsonNode> ReadAsync(TestHost host, string path, CancellationToken cancellation)
    {
        using var answer = await host.Http.GetAsync(new Uri(path, UriKind.Relative), cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        return await answer.JsonAsync(cancellation);
    }

    public static async Task<HttpResponseMessage> PutAsync(TestHost host, string path, JsonObject body, CancellationToken cancellation)
    {
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        return await host.Http.PutAsync(new Uri(path, UriKind.Relative), content, cancellation);
    }

    /// <summary>The status of marketing by e-mail.</summary>
    public async Task<string?> MarketingAsync(CancellationToken cancellation) => (string?)(await ReadAsync("consents", cancellation))["consents"]!.AsArray()
        .Single(c => (string?)c!["channel"] == "email" && (string?)c["purpose"] == "marketing")!["status"];

    public static JsonObject Attributes(params (string Key, string Value)[] attributes) => new()
    {
        ["attributes"] = new JsonObject(attributes.Select(a => KeyValuePair.Create(a.Key, (JsonNode?)JsonValue.Create(a.Value)))),
    };

    public static JsonObject Consent(bool granted, Action<JsonObject>? evidence = null)
    {
        var consent = new JsonObject
        {
            ["channel"] = "email",
            ["purpose"] = "marketing",
            ["state"] = granted ? "CONSENT_STATE_GRANTED" : "CONSENT_STATE_WITHDRAWN",
            ["wording"] = "patron-marketing",
        };
        evidence?.Invoke(consent);
        return new JsonObject { ["consents"] = new JsonArray(consent) };
    }
}
