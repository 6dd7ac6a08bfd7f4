using System.Globalization;

namespace Patron.History;

/// <summary>
/// Invents a person for a customer. The same customer number and country always give the same person, in every process and on every
/// machine; consents, card and zone depend on nothing else either.
/// </summary>
public static class SyntheticPeople
{
    private const int EmailConsentPercent = 80;
    private const int SmsConsentPercent = 40;
    private const int LoyaltyCardPercent = 75;
    private const int NumberDigitsMax = 10;

    /// <summary>A space of 10^10 cards; the factor shares no divisor with it, so that different customers have different cards.</summary>
    private const ulong CardSpace = 10_000_000_000;
    private const ulong CardFactor = 1_234_567_891;

    private static readonly string[] Domains = ["mail.example.com", "post.example.org", "inbox.example.net", "letters.example.com"];

    /// <summary>Answers the person who stands for a customer of the history.</summary>
    public static SyntheticPerson For(HistoryCustomer customer)
    {
        ArgumentNullException.ThrowIfNull(customer);
        return For(customer.Number, customer.Country);
    }

    /// <summary>Answers the person who stands for a customer.</summary>
    /// <param name="customerNumber">1 to 10 decimal digits, without leading zeros.</param>
    /// <param name="country">A country as the history spells it.</param>
    /// <exception cref="ArgumentException">The number or the country has another form.</exception>
    public static SyntheticPerson For(string customerNumber, string country)
    {
        ArgumentNullException.ThrowIfNull(customerNumber);
        if (customerNumber.Length is 0 or > NumberDigitsMax || customerNumber[0] == '0' || !customerNumber.All(char.IsAsciiDigit))
            throw new ArgumentException("A customer number has 1 to 10 digits and no leading zero.", nameof(customerNumber));
        var row = SyntheticCountries.Of(country);
        var names = SyntheticNames.Of(row.Names);
        var given = names.Given[StableHash.Below(names.Given.Length, customerNumber, "given name")];
        var family = names.Family[StableHash.Below(names.Family.Length, customerNumber, "family name")];
        var domain = Domains[StableHash.Below(Domains.Length, customerNumber, "domain")];
        return new SyntheticPerson(
            customerNumber,
            given.Text,
            family.Text,
            $"{given.Latin}.{family.Latin}.{customerNumber}@{domain}",
            PhoneOf(customerNumber, row.Phones),
            Chance(LoyaltyCardPercent, customerNumber, "card") ? CardOf(customerNumber) : null,
            row.Language,
            row.TimeZone,
            Chance(EmailConsentPercent, customerNumber, "email consent"),
            Chance(SmsConsentPercent, customerNumber, "sms consent"));
    }

    private static bool Chance(int percent, string customerNumber, string purpose) =>
        StableHash.Below(100, customerNumber, purpose) < percent;

    private static string PhoneOf(string customerNumber, SyntheticCountries.PhoneRange range)
    {
        var number = range.First + StableHash.Below(range.Last - range.First + 1, customerNumber, "phone");
        return range.Prefix + number.ToString("D" + range.Digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    private static string CardOf(string customerNumber)
    {
        var number = ulong.Parse(customerNumber, CultureInfo.InvariantCulture);
        var scattered = (ulong)((UInt128)number * CardFactor % CardSpace);
        var digits = "29" + scattered.ToString("D10", CultureInfo.InvariantCulture);
        return digits + CheckDigit(digits).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>GS1 General Specifications, check digit calculation: weights 3 and 1 in turn from the right, filled up to a multiple of ten.</summary>
    private static int CheckDigit(string digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
            sum += (digits[^(i + 1)] - '0') * (i % 2 == 0 ? 3 : 1);
        return (10 - (sum % 10)) % 10;
    }
}
