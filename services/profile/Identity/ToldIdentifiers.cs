namespace Patron.Profile;

/// <summary>
/// The identifiers of an event in their one spelling, each with the keyed hash by which it is found. What is wrong is added to the errors, and
/// the answer then counts for nothing.
/// </summary>
internal sealed class ToldIdentifiers(ProfileSettings settings, KeyedHash hash, MatchingRules rules)
{
    private const string NoToken = "has 1 to 64 characters and no control characters.";

    /// <summary>The surest first.</summary>
    /// <param name="country">Where the event says that it happened or that the person lives; empty when it says neither.</param>
    public IReadOnlyList<Identifier> Read(
        Contracts.Ingest.V1.Identifiers? told, string source, string country, string at, FieldErrors errors)
    {
        if (told is null)
            return [];
        var found = new List<Identifier>(4);
        Add(IdentifierKind.Card, told.LoyaltyCard, Normal.Card, "loyaltyCard", $"A loyalty card number {NoToken}");
        Add(IdentifierKind.ShopId, told.ShopCustomerId, Normal.Foreign, "shopCustomerId", $"A shop's customer number {NoToken}", source);
        Add(IdentifierKind.UnionId, told.WechatUnionid, Normal.Foreign, "wechatUnionid", $"A WeChat unionid {NoToken}");
        Add(IdentifierKind.Email, told.Email, Normal.Email, "email", "This is not an e-mail address.", verified: told.EmailVerified);
        Add(IdentifierKind.Device, told.AnonymousId, Normal.Foreign, "anonymousId", $"An anonymous id {NoToken}");
        AddWithin(IdentifierKind.OpenId, told.WechatOpenid, "wechatOpenid", told.WechatAccount, "wechatAccount", "A WeChat openid");
        AddWithin(IdentifierKind.PartnerId, told.PartnerId, "partnerId", told.Partner, "partner", "A partner's customer number");
        if (told.Phone.Length > 0)
            AddPhone();
        found.Sort((a, b) => rules.PlaceOf(a.Kind) - rules.PlaceOf(b.Kind));
        return found;

        void Add(
            IdentifierKind kind, string text, Func<string, string?> normalise, string field, string rule, string? scope = null, bool verified = false)
        {
            if (text.Length == 0)
                return;
            if (normalise(text) is not { } value)
                errors.Add($"{at}/{field}", rule);
            else if (scope is null)
                found.Add(new Identifier(kind, value, hash.Of(kind, value), Verified: verified));
            else
                found.Add(new Identifier(kind, value, hash.Of(kind, scope, value), hash.OfScope(kind, scope)));
        }

        void AddWithin(IdentifierKind kind, string text, string field, string within, string withinField, string what)
        {
            if (text.Length > 0 && Normal.Foreign(within) is not { } scope)
                errors.Add($"{at}/{withinField}", $"{what} means something only with its {withinField}, which {NoToken}");
            else
                Add(kind, text, Normal.Foreign, field, $"{what} {NoToken}", Normal.Foreign(within));
        }

        void AddPhone()
        {
            var where = CountryOf(told.Country, country, source);
            if (told.Country.Length > 0 && !Iso3166.Contains(told.Country))
                errors.Add($"{at}/country", "This is not a country code of ISO 3166-1 alpha-2, such as HK.");
            Add(
                IdentifierKind.Phone, told.Phone, text => PhoneNumbers.Normalise(text, where), "phone",
                where is null
                    ? "This is not a phone number in E.164, such as +85291234567; to write it without a plus sign, name the country."
                    : $"This is neither a phone number in E.164, such as +85291234567, nor one as it is written in {where}.",
                verified: told.PhoneVerified);
        }
    }

    private string? CountryOf(string told, string country, string source)
    {
        if (told.Length > 0)
            return told;
        if (country.Length > 0)
            return country.Trim().ToUpperInvariant();
        if (settings.SourceCountries.TryGetValue(source, out var of))
            return of;
        return settings.Country.Length > 0 ? settings.Country : null;
    }
}
