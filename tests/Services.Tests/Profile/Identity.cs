using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>What tests of identity do through profile's doors.</summary>
internal static class Identity
{
    /// <summary>Sends an event that is taken; answers whom it was about, or the empty id.</summary>
    public static async Task<Guid> AcceptAsync(TestHost host, JsonObject happened, CancellationToken cancellation)
    {
        using var answer = await Events.PostAsync(host.Http, happened, cancellation);
        var body = await answer.JsonAsync(cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Accepted), body.ToJsonString());
        return (Guid?)body["events"]![0]!["customer"] ?? Guid.Empty;
    }

    public static async Task<JsonNode> MergeAsync(
        TestHost host, Guid one, Guid other, CancellationToken cancellation, bool despiteConflicts = false)
    {
        var said = Said([one, other]);
        said["despiteConflicts"] = despiteConflicts;
        using var answer = await PostAsync(host, "/v1/customers/merges", said, cancellation);
        var body = await answer.JsonAsync(cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK), body.ToJsonString());
        return body;
    }

    public static async Task<HttpResponseMessage> PostAsync(TestHost host, string path, JsonNode body, CancellationToken cancellation)
    {
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        return await host.Http.PostAsync(new Uri(path, UriKind.Relative), content, cancellation);
    }

    /// <summary>What a person says with a decision.</summary>
    public static JsonObject Said(IReadOnlyList<Guid> customers)
    {
        var said = new JsonObject { ["reason"] = "The same person at the till", ["who"] = "maria" };
        if (customers.Count > 0)
            said["customers"] = new JsonArray([.. customers.Select(c => JsonValue.Create(c))]);
        return said;
    }

    /// <summary>A customer's facts in their order, once everything is published.</summary>
    public static async Task<IReadOnlyList<(Envelope Envelope, LogRecord Record)>> FactsAsync(
        TestHost host, Guid customer, CancellationToken cancellation)
    {
        await host.DrainAsync(cancellation);
        return [.. (await host.ReadTopicAsync(new Topic(Topics.Profile), cancellation)).Where(r => r.Record.Key == customer.ToString("D"))];
    }

    public static IEnumerable<T> Of<T>(IEnumerable<(Envelope Envelope, LogRecord Record)> facts)
        where T : IMessage<T>, new()
    {
        var parser = new MessageParser<T>(() => new T());
        var name = new T().Descriptor.FullName;
        return facts.Where(f => f.Envelope.Type == name).Select(f => parser.ParseFrom(f.Record.Value!.Value.Span));
    }
}
