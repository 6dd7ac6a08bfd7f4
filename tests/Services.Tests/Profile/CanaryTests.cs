using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Runtime.Hosting;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>
/// Values that occur nowhere else are put into every kind of field, by every door; then they are looked for in every record that stays. Contact
/// points and attributes travel on the compacted topic alone, and there only under seal.
/// </summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class CanaryTests
{
    private static readonly string[] Canaries =
    [
        "canarygiven", "canaryfamily", "canarymail@nest.example", "+85261112222", "61112222", "canarycard77", "canaryshop88", "canarycity", "canaryregion",
        "CNRY 4411", "canarystore", "canarysize", "1987-06-05", "canarypet", "canarystaff", "203.0.113.77", "canaryagent",
    ];

    [Test]
    public async Task No_record_that_is_retained_holds_a_contact_point_an_attribute_or_evidence(CancellationToken cancellation)
    {
        await using var marketing = await MarketingHost.StartAsync(cancellation, null, ("Consent:DoubleOptIn:0", "email/marketing"));
        await TellAsync(marketing, cancellation);
        var link = await marketing.MailedLinkAsync(CustomerLinks.OptInPath, 0, cancellation);
        using var browser = marketing.Browser();
        browser.DefaultRequestHeaders.Add("User-Agent", "canaryagent/1.0");
        (await browser.PostAsync(new Uri(link, UriKind.Relative), new FormUrlEncodedContent([new("do", "confirm")]), cancellation)).Dispose();
        var preferences = await marketing.MailedLinkAsync(CustomerLinks.PreferencesPath, 0, cancellation);
        using (var form = new FormUrlEncodedContent([new("do", "save"), new("was-language", "en"), new("language", "zh-Hans"), new("choice", "sms/feedback")]))
            (await browser.PostAsync(new Uri(preferences, UriKind.Relative), form, cancellation)).Dispose();
        await marketing.Host.DrainAsync(cancellation);

        var kinds = new HashSet<string>();
        string[] retained =
        [
            Topics.Profile, Topics.Tagging, Topics.Loyalty, Topics.Segmentation, Topics.Journey, Topics.Email, Topics.Sms, Topics.WeChat,
        ];
        foreach (var topic in retained.Select(t => new Topic(t)).Append(new Topic(Topics.ProfileCustomers, Compacted: true)))
        {
            foreach (var (envelope, record) in await marketing.Host.ReadTopicAsync(topic, cancellation))
            {
                kinds.Add(envelope.Type.Split('.')[^1]);
                var text = Encoding.UTF8.GetString(record.Value!.Value.Span) + string.Concat(record.Headers.Select(h => Encoding.UTF8.GetString(h.Value.Span)));
                Assert.That(Canaries.Where(c => text.Contains(c, StringComparison.OrdinalIgnoreCase)), Is.Empty, $"{topic.Name} {envelope.Type}");
            }
        }

        Assert.That(kinds, Is.SupersetOf((string[])
            ["CustomerRegistered", "PurchaseRecorded", "OptInRequested", "ConsentChanged", "CustomerState", "MessageSent"]));
    }

    private static async Task TellAsync(MarketingHost marketing, CancellationToken cancellation)
    {
        using (await ToldCustomer.PutAsync(
            marketing.Host, "/v1/attributes/pet", new JsonObject { ["type"] = "text", ["labels"] = new JsonObject { ["en"] = "Pet" } }, cancellation))
        {
            var data = ToldCustomer.Consent(true, consent =>
                (consent["takenBy"], consent["ipAddress"], consent["userAgent"]) = ("canarystaff", "203.0.113.77", "canaryagent/1.0"));
            foreach (var (name, value) in ToldCustomer.Attributes(
                ("city", "canarycity"), ("region", "canaryregion"), ("postal_code", "CNRY 4411"), ("preferred_store", "canarystore"),
                ("shoe_size", "canarysize"), ("birth_date", "1987-06-05"), ("pet", "canarypet")).ToList())
            {
                data[name] = value!.DeepClone();
            }

            (data["givenName"], data["familyName"], data["language"], data["country"]) = ("Canarygiven", "Canaryfamily", "en", "HK");
            var update = Events.Update("canary-1", card: "CANARYCARD77", email: "canarymail@nest.example", phone: "+852 6111 2222", data: data);
            update["data"]!["customer"]!["shopCustomerId"] = "canaryshop88";
            using var told = await Events.PostAsync(marketing.Host.Http, update, cancellation);
            Assert.That((int)told.StatusCode, Is.EqualTo(202), await told.Content.ReadAsStringAsync(cancellation));
        }

        using (await Events.PostAsync(
            marketing.Host.Http, Events.Purchase("canary-2", card: "CANARYCARD77", email: "canarymail@nest.example", phone: "+85261112222"), cancellation))
            await marketing.Host.DrainAsync(cancellation);
    }
}
