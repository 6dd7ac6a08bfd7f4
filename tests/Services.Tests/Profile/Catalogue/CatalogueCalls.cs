using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.Services.Tests.Profile.Catalogue;

/// <summary>The catalogue over its public door.</summary>
internal static class CatalogueCalls
{
    public static JsonObject Product(string code, string? category = null, string? brand = null, string? since = null, JsonObject? more = null)
    {
        var product = more ?? [];
        product["code"] = code;
        if (category is not null)
            product["category"] = category;
        if (brand is not null)
            product["brand"] = brand;
        if (since is not null)
            product["since"] = since;
        return product;
    }

    public static JsonObject Price(string channel, long amountMinor, string? from = null, string? until = null, string? promotion = null) => new()
    {
        ["channel"] = channel,
        ["currency"] = "HKD",
        ["amountMinor"] = amountMinor,
        ["from"] = from,
        ["until"] = until,
        ["promotion"] = promotion,
    };

    public static async Task<HttpResponseMessage> PutAsync(TestHost host, string list, CancellationToken cancellation, params JsonNode[] parts)
    {
        using var content = new StringContent(new JsonObject { [list] = new JsonArray(parts) }.ToJsonString(), Encoding.UTF8, "application/json");
        return await host.Http.PutAsync(new Uri($"/v1/catalogue/{list}", UriKind.Relative), content, cancellation);
    }

    /// <summary>Tells products and answers what became of each.</summary>
    public static async Task<List<string>> TellAsync(TestHost host, CancellationToken cancellation, params JsonNode[] products)
    {
        using var answer = await PutAsync(host, "products", cancellation, products);
        var body = await answer.JsonAsync(cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK), body.ToJsonString());
        return [.. body["taken"]!.AsArray().Select(t => $"{t!["code"]} {t["status"]} {t["version"]}")];
    }

    public static async Task<JsonNode?> GetAsync(TestHost host, string address, CancellationToken cancellation)
    {
        using var answer = await host.Http.GetAsync(new Uri(address, UriKind.Relative), cancellation);
        return answer.StatusCode == HttpStatusCode.NotFound ? null : await answer.JsonAsync(cancellation);
    }
}
