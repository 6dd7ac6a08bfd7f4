using Google.Protobuf;
using Patron.Contracts.Ingest.V1;

namespace Patron.Profile;

/// <summary>A row a customer.</summary>
internal static class CustomerRows
{
    /// <summary>Before the key of an attribute, in the name of its column.</summary>
    public const string AttributePrefix = "attribute.";

    public const string AttributesPointer = "/attributes/";

    public static RowKind Kind { get; } = new(
        "customers", CustomerUpdate.Descriptor.FullName, static () => new Draft(),
        [
            new("loyaltyCard", "/customer/loyaltyCard", (d, text, _) => Of(d).Customer.LoyaltyCard = text),
            new("shopCustomerId", "/customer/shopCustomerId", (d, text, _) => Of(d).Customer.ShopCustomerId = text),
            new("phone", "/customer/phone", (d, text, _) => Of(d).Customer.Phone = text),
            new("email", "/customer/email", (d, text, _) => Of(d).Customer.Email = text),
            new("givenName", "/givenName", (d, text, _) => Of(d).GivenName = text),
            new("familyName", "/familyName", (d, text, _) => Of(d).FamilyName = text),
            new("language", "/language", (d, text, _) => Of(d).Language = text),
            new("timeZone", "/timeZone", (d, text, _) => Of(d).TimeZone = text),
            new("country", "/country", (d, text, _) => Of(d).Country = text),
            new("wording", "/consents/wording", (d, text, _) => ((Draft)d).Wording = text),
        ],
        [("consent.", Consent), (AttributePrefix, Attribute)]);

    // attribute.birth_date, or one that the brand declared.
    private static ImportField Attribute(string name)
    {
        var key = name[AttributePrefix.Length..].ToLowerInvariant();
        return new ImportField(name, AttributesPointer + ProtobufJson.Escape(key), (draft, text, _) => Of(draft).Attributes[key] = text);
    }

    private static CustomerUpdate Of(ImportDraft draft) => ((Draft)draft).Update;

    // consent.email.marketing: yes or no, in the words that exports use.
    private static ImportField? Consent(string name)
    {
        var parts = name.Split('.');
        if (parts.Length != 3)
            return null;
        var pointer = $"/consents/{name}";
        return new ImportField(name, pointer, (draft, text, errors) =>
        {
            var state = text.Trim().ToLowerInvariant() switch
            {
                "granted" or "yes" or "true" or "1" or "y" => ConsentState.Granted,
                "withdrawn" or "no" or "false" or "0" or "n" => ConsentState.Withdrawn,
                _ => ConsentState.Unspecified,
            };
            if (state == ConsentState.Unspecified)
                errors.Add(pointer, "A consent is granted or withdrawn, yes or no, true or false, 1 or 0.");
            Of(draft).Consents.Add(new Consent { Channel = parts[1], Purpose = parts[2], State = state });
        });
    }

    private sealed class Draft : ImportDraft
    {
        public CustomerUpdate Update { get; } = new() { Customer = new Identifiers() };

        public string Wording { get; set; } = "";

        public override IMessage Finish(FieldErrors errors)
        {
            foreach (var consent in Update.Consents)
                consent.Wording = Wording;
            return Update;
        }
    }
}
