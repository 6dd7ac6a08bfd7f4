using System.Globalization;
using System.Text;
using Google.Protobuf;
using Patron.Contracts.Ingest.V1;
using Patron.History;

namespace Patron.Tool.Run;

/// <summary>What the tills and the eShop of the history would have sent: CloudEvents in JSON, as the public ingestion API takes them.</summary>
internal static class TouchpointEvents
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default);

    /// <summary>One body of <c>application/cloudevents-batch+json</c>.</summary>
    public static string Batch(IEnumerable<string> events) => $"[{string.Join(",", events)}]";

    public static string SourceOf(Invoice invoice) => invoice.Source == History.Channel.Pos ? "/pos/uk" : "/eshop";

    /// <summary>The event id depends on the invoice alone, so that a second delivery of an invoice is the same event.</summary>
    public static string Purchase(Invoice invoice, SyntheticPerson? person)
    {
        var purchase = new Purchase
        {
            Receipt = invoice.Number,
            Channel = invoice.Source == History.Channel.Pos ? Contracts.Ingest.V1.Channel.Pos : Contracts.Ingest.V1.Channel.Eshop,
            Store = invoice.Source == History.Channel.Pos ? "uk-1" : "",
            Currency = "GBP",
            Lines = { invoice.Lines.Select(ToLine) },
        };
        if (person is not null)
            purchase.Customer = IdentifiersOf(person);
        return Event("patron.ingest.v1.Purchase", SourceOf(invoice), $"invoice-{invoice.Number}", invoice.Time, purchase);
    }

    /// <summary>Told together with the first purchase of a customer. Names, contact points and consents are synthetic.</summary>
    public static string Customer(Invoice first, SyntheticPerson person)
    {
        var update = new CustomerUpdate
        {
            Customer = IdentifiersOf(person),
            GivenName = person.GivenName,
            FamilyName = person.FamilyName,
            Language = person.Language,
            TimeZone = person.TimeZone,
            Consents = { ConsentOf("email", person.EmailConsent), ConsentOf("sms", person.SmsConsent) },
        };
        return Event("patron.ingest.v1.CustomerUpdate", SourceOf(first), $"customer-{person.CustomerNumber}", first.Time, update);
    }

    private static Identifiers IdentifiersOf(SyntheticPerson person) => new()
    {
        LoyaltyCard = person.LoyaltyCard ?? "",
        Email = person.Email,
        ShopCustomerId = person.CustomerNumber,
    };

    private static Consent ConsentOf(string channel, bool granted) => new()
    {
        Channel = channel,
        Purpose = "marketing",
        State = granted ? ConsentState.Granted : ConsentState.Withdrawn,
        Wording = "synthetic-signup",
    };

    private static Line ToLine(InvoiceLine line) => new()
    {
        Product = line.StockCode,
        Kind = line.Class switch
        {
            LineClass.Sale => LineKind.Sale,
            LineClass.Return => LineKind.Return,
            LineClass.Fee => LineKind.Fee,
            _ => LineKind.Adjustment,
        },
        Quantity = Math.Abs(line.Quantity),
        AmountMinor = line.AmountMinor,
    };

    private static string Event(string type, string source, string id, DateTimeOffset time, IMessage data) => new StringBuilder()
        .Append(CultureInfo.InvariantCulture, $"{{\"specversion\":\"1.0\",\"type\":\"{type}\",\"source\":\"{source}\",\"id\":\"{id}\"")
        .Append(CultureInfo.InvariantCulture, $",\"time\":\"{time.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}\",\"datacontenttype\":\"application/json\",\"data\":")
        .Append(Formatter.Format(data))
        .Append('}')
        .ToString();
}
