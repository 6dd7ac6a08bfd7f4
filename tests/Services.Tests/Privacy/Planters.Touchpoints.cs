using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Services.Tests.Profile;

namespace Patron.Services.Tests.Privacy;

/// <summary>What touchpoints tell besides names and purchases.</summary>
internal static partial class Planters
{
    private const int PeopleWithMore = 20;

    private static Task AttributesAsync(Garden garden, CancellationToken cancellation) => TellMoreAsync(garden, "attributes", (told, kept) =>
        told["data"]!["attributes"] = new JsonObject { ["city"] = Canary.Chinese(kept[0]), ["postal_code"] = Canary.Text(kept[1]) }, 2, cancellation);

    private static Task EvidenceAsync(Garden garden, CancellationToken cancellation) => TellMoreAsync(garden, "evidence", (told, kept) =>
        told["data"]!["consents"] = new JsonArray(new JsonObject
        {
            ["channel"] = "sms",
            ["purpose"] = "marketing",
            ["state"] = "CONSENT_STATE_GRANTED",
            ["wording"] = $"asks {Canary.Text(kept[0])}",
            ["form"] = $"form of {Canary.Chinese(kept[1])}",
            ["takenBy"] = Canary.Chinese(kept[2]),
            ["ipAddress"] = Canary.Text(kept[3]),
            ["userAgent"] = $"Till of {Canary.Text(garden.Next())}",
        }), 4, cancellation);

    private static async Task BehavioursAsync(Garden garden, CancellationToken cancellation)
    {
        await TellMoreAsync(garden, "viewed", (told, kept) => View(told, new JsonObject
        {
            ["product_id"] = "85123A",
            ["name"] = $"for {Canary.Text(kept[0])}",
            ["url"] = $"https://shop.example/p?of={Canary.Text(kept[1])}",
        }), 2, cancellation);
        foreach (var canary in (Func<int, string>[])[Canary.Email, Canary.Phone])
        {
            var told = Events.Update($"opened-{garden.Count}", garden.People[0].Card);
            View(told, new JsonObject { ["product_id"] = canary(garden.Next()) });
            await garden.RefusedAsync(told, cancellation);
        }
    }

    // Whom Segment's messages name is somebody of their own, who stays; bodies in quarantine name those who do not.
    private static async Task SegmentAsync(Garden garden, CancellationToken cancellation)
    {
        foreach (var person in garden.People.Take(PeopleWithMore))
        {
            var user = Canary.Text(garden.Next());
            await SegmentAsync(garden, "identify", new JsonObject
            {
                ["messageId"] = Canary.Text(garden.Next()),
                ["userId"] = user,
                ["traits"] = new JsonObject { ["email"] = Canary.Email(garden.Next()), ["firstName"] = Canary.Chinese(garden.Next()) },
            }, cancellation);
            await SegmentAsync(garden, "track", new JsonObject
            {
                ["userId"] = user,
                ["anonymousId"] = Canary.Text(garden.Next()),
                ["event"] = "Product Viewed",
                ["properties"] = new JsonObject { ["name"] = Canary.Chinese(garden.Next()), ["price"] = $"asked by {person.Email}" },
            }, cancellation);
        }
    }

    private static async Task UploadAsync(Garden garden, CancellationToken cancellation)
    {
        var rows = garden.People.Take(PeopleWithMore).Select(p => $"{p.Card},{Canary.Chinese(garden.Next())},not {p.Email} but {Canary.Text(garden.Next())}");
        var file = $"loyaltyCard,givenName,email\n{string.Join('\n', rows)}\n";
        using var content = new StringContent(file);
        using var answer = await garden.Host.Http.PostAsync(
            new Uri("/v1/imports?kind=customers&time=2024-01-10T08:30:00Z", UriKind.Relative), content, cancellation);
        Assert.That((long)(await answer.JsonAsync(cancellation))["failed"]!, Is.EqualTo(PeopleWithMore));
    }

    private static async Task SegmentAsync(Garden garden, string call, JsonObject message, CancellationToken cancellation)
    {
        message["writeKey"] = garden.Host.Http.DefaultRequestHeaders.GetValues("X-Api-Key").Single();
        using var answer = await garden.Host.Http.PostAsJsonAsync(new Uri($"/v1/segment/v1/{call}", UriKind.Relative), message, cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK), await answer.Content.ReadAsStringAsync(cancellation));
    }

    private static void View(JsonObject told, JsonObject properties)
    {
        told["type"] = "Product Viewed";
        told["data"]!["properties"] = properties;
    }

    /// <summary>Tells something more of some people; an export of them has to show it.</summary>
    private static async Task TellMoreAsync(Garden garden, string what, Action<JsonObject, int[]> change, int canaries, CancellationToken cancellation)
    {
        for (var i = 0; i < PeopleWithMore; i++)
        {
            var person = garden.People[i];
            var kept = Enumerable.Range(0, canaries).Select(_ => garden.Next()).ToArray();
            var told = Events.Update($"{what}-{i}", person.Card);
            change(told, kept);
            Assert.That(await garden.Host.TellAsync(told, cancellation), Is.EqualTo(person.Customer));
            garden.People[i] = person with { Kept = [.. person.Kept, .. kept] };
        }
    }
}
