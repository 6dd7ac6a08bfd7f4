using System.Globalization;
using System.Text.RegularExpressions;
using NUnit.Framework;
using Patron.History;

namespace Patron.System.Tests.History;

internal sealed partial class SyntheticPeopleTests
{
    private static readonly PurchaseHistory History = PurchaseHistory.Open();
    private static readonly List<SyntheticPerson> People = [.. History.Customers.Select(SyntheticPeople.For)];

    [Test]
    public void Every_customer_has_an_address_of_their_own_that_reaches_nobody()
    {
        Assert.That(People.Select(person => person.Email), Is.Unique);
        Assert.That(People.Select(person => person.Email), Has.All.Match(ReservedAddress()));
        Assert.That(People, Has.All.Property(nameof(SyntheticPerson.Synthetic)).True);
    }

    [Test]
    public void The_same_customer_is_the_same_person_on_every_machine()
    {
        Assert.That(History.Customers.Select(SyntheticPeople.For), Is.EqualTo(People));
        Assert.That(SyntheticPeople.For("17850", "United Kingdom"), Is.EqualTo(new SyntheticPerson(
            "17850", "Grace", "White", "grace.white.17850@post.example.org", "+447700900598", null, "en-GB", "Europe/London", false, false)));
        Assert.That(SyntheticPeople.For("12763", "Japan"), Is.EqualTo(new SyntheticPerson(
            "12763", "湊", "佐々木", "minato.sasaki.12763@post.example.org", "+447700900091", "2967899928335", "ja-JP", "Asia/Tokyo", true, false)));
    }

    [Test]
    public void Every_country_of_the_history_has_people_with_a_language_and_a_zone()
    {
        var countries = History.Select(invoice => invoice.Country).Distinct().ToList();

        Assert.That(countries, Has.Count.EqualTo(38));
        foreach (var country in countries)
        {
            var people = Enumerable.Range(10_000, 500)
                .Select(number => SyntheticPeople.For(number.ToString(CultureInfo.InvariantCulture), country))
                .ToList();
            Assert.That(people.Select(person => person.GivenName).Distinct().Count(), Is.EqualTo(20), country);
            Assert.That(people.Select(person => person.FamilyName).Distinct().Count(), Is.EqualTo(20), country);
            Assert.That(people.Select(person => person.Email), Has.All.Match(ReservedAddress()), country);
            Assert.That(people.Select(person => person.Phone), Has.All.Match(FictionalPhone()), country);
            Assert.That(() => TimeZoneInfo.FindSystemTimeZoneById(people[0].TimeZone), Throws.Nothing, country);
            Assert.That(() => CultureInfo.GetCultureInfo(people[0].Language), Throws.Nothing, country);
        }
    }

    [Test]
    public void A_Chinese_name_puts_the_family_first()
    {
        var person = Enumerable.Range(10_000, 5_000)
            .Select(number => SyntheticPeople.For(number.ToString(CultureInfo.InvariantCulture), "Hong Kong"))
            .First(person => person is { FamilyName: "陳", GivenName: "大文" });

        Assert.That(person.FullName, Is.EqualTo("陳大文"));
        Assert.That(person.Email, Does.StartWith("taiman.chan."));
        Assert.That(person.Language, Is.EqualTo("zh-Hant-HK"));
    }

    [Test]
    public void About_four_in_five_agree_to_email_two_in_five_to_sms_and_three_in_four_have_a_card()
    {
        Assert.That(Percent(person => person.EmailConsent), Is.EqualTo(80).Within(2));
        Assert.That(Percent(person => person.SmsConsent), Is.EqualTo(40).Within(2));
        Assert.That(Percent(person => person.LoyaltyCard is not null), Is.EqualTo(75).Within(2));
        Assert.That(Percent(person => person.EmailConsent && person.SmsConsent), Is.EqualTo(32).Within(2), "independent of each other");
    }

    [Test]
    public void Cards_are_unique_and_have_a_valid_check_digit()
    {
        var cards = People.Select(person => person.LoyaltyCard).OfType<string>().ToList();

        Assert.That(cards, Is.Unique);
        Assert.That(cards, Has.All.Match("^29[0-9]{11}$"));
        // In a GTIN-13 the digits at odd places count once and those at even places three times; the sum is a multiple of ten.
        Assert.That(cards.Select(card => card.Select((digit, index) => (digit - '0') * (index % 2 == 0 ? 1 : 3)).Sum() % 10), Has.All.Zero);
    }

    [TestCase("", "France")]
    [TestCase("012345", "France")]
    [TestCase("12345678901", "France")]
    [TestCase("12a45", "France")]
    [TestCase("12345", "Atlantis")]
    public void A_number_or_country_of_another_form_is_refused(string number, string country) =>
        Assert.That(() => SyntheticPeople.For(number, country), Throws.InstanceOf<ArgumentException>());

    private static double Percent(Func<SyntheticPerson, bool> condition) => 100.0 * People.Count(condition) / People.Count;

    [GeneratedRegex("^[a-z]+\\.[a-z]+\\.[0-9]+@[a-z]+\\.example\\.(com|org|net)$")]
    private static partial Regex ReservedAddress();

    [GeneratedRegex("^\\+(447700900\\d{3}|3532091\\d{5}|493023125\\d{3}|3363998\\d{4}|467017406\\d{2}|1(212|416)55501\\d{2}|6149157015[6-9])$")]
    private static partial Regex FictionalPhone();
}
