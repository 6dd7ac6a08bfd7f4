using System.Net;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Services.Tests.Profile;

namespace Patron.Services.Tests.Privacy;

/// <summary>Somebody with a canary in every field. <paramref name="Kept"/>: what an export of them must show.</summary>
internal sealed record Planted(Guid Customer, string Card, string Email, IReadOnlyList<int> Kept);

/// <summary>Where canaries are planted: gives out their numbers and remembers whose they are.</summary>
internal sealed class Garden(WholeHost host)
{
    private static readonly Topic Ingest = new(Topics.Ingest);
    private int last;

    public WholeHost Host => host;

    /// <summary>How many canaries there are; their numbers begin with 1.</summary>
    public int Count => last;

    public List<Planted> People { get; } = [];

    public int Next() => ++last;

    /// <summary>Names, addresses and numbers of one person as canaries; the consent names a wording, and the event's id is one too.</summary>
    public (JsonObject Event, string Card, string Email, int[] Kept) Person(string source)
    {
        int given = Next(), family = Next(), email = Next(), phone = Next(), card = Next(), shop = Next(), wording = Next(), id = Next();
        var told = Events.Update(
            $"order-of-{Canary.Text(id)}", Canary.Text(card), Canary.Email(email), Canary.Phone(phone),
            new JsonObject { ["givenName"] = Canary.Text(given), ["familyName"] = Canary.Chinese(family), ["language"] = "zh-Hant-HK", ["country"] = "HK" });
        told["source"] = source;
        told["subject"] = Canary.Chinese(id);
        told["data"]!["customer"]!["shopCustomerId"] = Canary.Text(shop);
        told["data"]!["consents"] = new JsonArray(new JsonObject
        {
            ["channel"] = "email",
            ["purpose"] = "marketing",
            ["state"] = "CONSENT_STATE_GRANTED",
            ["wording"] = $"for {Canary.Chinese(wording)}",
        });
        return (told, Canary.Text(card), Canary.Email(email), [given, family, email, phone, card, shop, wording]);
    }

    /// <summary>An event that must not be taken; nothing of it may be kept.</summary>
    public async Task RefusedAsync(JsonObject told, CancellationToken cancellation)
    {
        using var answer = await Events.PostAsync(host.Http, told, cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest), await answer.Content.ReadAsStringAsync(cancellation));
    }

    public async Task PublishAsync(ReadOnlyMemory<byte> body, CancellationToken cancellation, params IEnumerable<(string Name, string Value)> headers)
    {
        await host.Host.Log.OpenAsync([Ingest], cancellation);
        var record = new LogRecord(null, [.. headers.Select(h => new LogHeader(h.Name, System.Text.Encoding.UTF8.GetBytes(h.Value)))], body);
        await host.Host.Log.PublishAsync(Ingest, [new PartitionRecords(last % host.Host.Log.Partitions, [record])], cancellation);
    }

    /// <summary>The customer who has this card, once the topic is read that far.</summary>
    public async Task<Guid> CustomerOfAsync(string card, CancellationToken cancellation)
    {
        while (true)
        {
            using var answer = await host.PostAsync("/v1/customers/lookup", new { card }, cancellation);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                var found = (Guid)(await answer.JsonAsync(cancellation))["customer"]!;
                if (await host.CountAsync("select count(*) from profile.streams where stream = $1", found, cancellation) > 0)
                    return found;
            }

            await Task.Delay(10, cancellation);
        }
    }
}
