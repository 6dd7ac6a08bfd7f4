using System.Text;
using System.Text.Json.Nodes;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Testing;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Services.Tests.Profile;

/// <summary>Behaviours as touchpoints send them, their types as a brand registers them, and the facts that they become.</summary>
internal static class Behaviours
{
    public const string Json = "application/json";

    /// <summary>The schema of a brand's own type: a rating anybody may see, a text that is the customer's own.</summary>
    public const string Review =
        """
        {
          "type": "object", "required": ["product", "rating"], "additionalProperties": false,
          "properties": {
            "product": {"type": "string", "pattern": "^[0-9]{5}[A-Z]?$", "x-patron-personal": false},
            "rating": {"type": "integer", "minimum": 1, "maximum": 5, "x-patron-personal": false},
            "recommends": {"type": "boolean", "x-patron-personal": false},
            "text": {"type": "string", "maxLength": 2000},
            "photos": {"type": "array", "maxItems": 3, "items": {
              "type": "object", "properties": {"kind": {"enum": ["front", "back"], "type": "string", "x-patron-personal": false}, "url": {"format": "uri"}}}}
          }
        }
        """;

    public static JsonObject Viewed(string id, string device, string product = "85123A") => Events.Event("Product Viewed", id, "/web/hk", new JsonObject
    {
        ["customer"] = new JsonObject { ["anonymousId"] = device },
        ["properties"] = new JsonObject { ["product_id"] = product, ["price"] = 15.30, ["url"] = "https://shop.example/p?mail=anna@example.com" },
    });

    public static JsonObject Reviewed(string id, string properties, string device = "d-review") => Events.Event("Review Posted", id, "/web/hk", new JsonObject
    {
        ["customer"] = new JsonObject { ["anonymousId"] = device },
        ["properties"] = JsonNode.Parse(properties),
    });

    public static async Task<HttpResponseMessage> RegisterAsync(TestHost host, string name, string schema, CancellationToken cancellation)
    {
        using var content = new StringContent(schema, Encoding.UTF8, "application/schema+json");
        return await host.Http.PutAsync(new Uri($"/v1/event-types/{Uri.EscapeDataString(name)}", UriKind.Relative), content, cancellation);
    }

    public static Task<HttpResponseMessage> PlainAsync(TestHost host, JsonNode body, CancellationToken cancellation) =>
        Events.PostAsync(host.Http, body.ToJsonString(), Json, cancellation);

    /// <summary>The facts of behaviours so far, with their customers.</summary>
    public static async Task<IReadOnlyList<(string Customer, Facts.BehaviourRecorded Fact)>> FactsAsync(TestHost host, CancellationToken cancellation)
    {
        await host.DrainAsync(cancellation);
        return
        [
            .. (await host.ReadTopicAsync(new Topic(Topics.Profile), cancellation))
                .Where(r => r.Envelope.Type == "patron.profile.v1.BehaviourRecorded")
                .Select(r => (r.Record.Key!, Facts.BehaviourRecorded.Parser.ParseFrom(r.Record.Value!.Value.Span))),
        ];
    }

    public static IEnumerable<string?> Pointers(JsonNode problem) => problem["errors"]!.AsArray().Select(e => (string?)e!["pointer"]);

    public static async Task<JsonNode> GetAsync(TestHost host, string path, CancellationToken cancellation)
    {
        using var answer = await host.Http.GetAsync(new Uri(path, UriKind.Relative), cancellation);
        return await answer.JsonAsync(cancellation);
    }
}
