namespace Patron.History;

/// <summary>An invented person who stands for a customer of the history. Nothing here is anybody's real data.</summary>
/// <param name="CustomerNumber">The customer's number in the history.</param>
/// <param name="GivenName">In the script of the language.</param>
/// <param name="FamilyName">In the script of the language.</param>
/// <param name="Email">Unique per customer, lower-case ASCII, under a domain that RFC 2606 reserves: no mail can reach anybody.</param>
/// <param name="Phone">
/// E.164, from a range that the country's regulator keeps free for fiction; countries without such a range get numbers of Ofcom's range
/// for drama, +447700900000 to +447700900999. Not unique: the ranges are small.
/// </param>
/// <param name="LoyaltyCard">
/// 13 digits with a valid GS1 check digit and the prefix 29, one of those that GS1 leaves to restricted circulation; unique. Three in four have one.
/// </param>
/// <param name="Language">BCP 47.</param>
/// <param name="TimeZone">IANA name.</param>
/// <param name="EmailConsent">Agreed to marketing by email: about 80 %.</param>
/// <param name="SmsConsent">Agreed to marketing by SMS, independently of email: about 40 %.</param>
public sealed record SyntheticPerson(
    string CustomerNumber,
    string GivenName,
    string FamilyName,
    string Email,
    string Phone,
    string? LoyaltyCard,
    string Language,
    string TimeZone,
    bool EmailConsent,
    bool SmsConsent)
{
    /// <summary>Always true: the label that travels with the person into the platform and its screens.</summary>
    public bool Synthetic { get; } = true;

    /// <summary>The name as the language writes it: Chinese and Japanese put the family first and no space between.</summary>
    public string FullName => Language.StartsWith("zh", StringComparison.Ordinal) || Language.StartsWith("ja", StringComparison.Ordinal)
        ? FamilyName + GivenName
        : $"{GivenName} {FamilyName}";
}
