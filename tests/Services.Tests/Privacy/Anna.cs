using System.Text.Json.Nodes;
using Patron.Services.Tests.Profile;
using Patron.Testing;

namespace Patron.Services.Tests.Privacy;

/// <summary>One customer of whom every service has something: contact, consent, purchases, points, tags, segments, a journey, a mail.</summary>
internal static class Anna
{
    public const string Email = "anna.ng@cust.example";
    public const string Card = "ANNA0001";
    public const string Phone = "+85291234567";

    public static JsonObject Update(string id = "update-1")
    {
        var update = Events.Update(id, Card, Email, Phone, new JsonObject
        {
            ["givenName"] = "Anna",
            ["familyName"] = "Ng",
            ["language"] = "en",
            ["timeZone"] = "Asia/Hong_Kong",
            ["country"] = "HK",
        });
        update["data"]!["consents"] = new JsonArray(new JsonObject
        {
            ["channel"] = "email",
            ["purpose"] = "marketing",
            ["state"] = "CONSENT_STATE_GRANTED",
            ["wording"] = "signup-2024-en",
        });
        return update;
    }

    /// <summary>She signs up, buys twice, and gets the welcome mail a day later.</summary>
    public static async Task<Guid> LiveAsync(WholeHost host, CancellationToken cancellation)
    {
        var customer = await host.TellAsync(Update(), cancellation);
        await host.TellAsync(Events.Purchase("purchase-1", Card, currency: "GBP"), cancellation);
        await host.TellAsync(Events.Purchase("purchase-2", Card, currency: "GBP"), cancellation);
        await host.Host.DrainAsync(cancellation);
        await host.Host.AdvanceToAsync(host.Host.Clock.GetUtcNow().AddDays(1).AddHours(1), cancellation);
        return customer;
    }
}
