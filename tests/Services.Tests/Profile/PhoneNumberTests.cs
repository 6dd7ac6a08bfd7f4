using NUnit.Framework;
using Patron.Profile;

namespace Patron.Services.Tests.Profile;

/// <summary>Phone numbers as people type them, country by country.</summary>
[TestFixture]
internal sealed class PhoneNumberTests
{
    [TestCase("+852 9123-4567", null, ExpectedResult = "+85291234567")]
    [TestCase("+1 (415) 555.2671", null, ExpectedResult = "+14155552671")]
    [TestCase("+49 30 901820", null, ExpectedResult = "+4930901820", Description = "a country without rules, internationally")]
    [TestCase("030 901820", "DE", ExpectedResult = null, Description = "a country without rules, in its own spelling")]
    [TestCase("0085291234567", null, ExpectedResult = null)]
    [TestCase("+0123456789", null, ExpectedResult = null)]
    [TestCase("+1234567890123456", null, ExpectedResult = null)]
    [TestCase("+852 9123 4567 ext 5", null, ExpectedResult = null)]
    [TestCase("91234567", null, ExpectedResult = null)]
    [TestCase("", "HK", ExpectedResult = null)]
    [TestCase("+", "HK", ExpectedResult = null)]
    public string? A_number_has_one_spelling(string text, string? country) => PhoneNumbers.Normalise(text, country);

    [TestCase("139 1234 5678", ExpectedResult = "+8613912345678")]
    [TestCase("０１３９１２３４５６７８", ExpectedResult = "+8613912345678", Description = "full width, with the trunk prefix")]
    [TestCase("+86 139-1234-5678", ExpectedResult = "+8613912345678")]
    [TestCase("010-62345678", ExpectedResult = "+861062345678")]
    [TestCase("0755　8234 5678", ExpectedResult = "+8675582345678", Description = "an ideographic space")]
    [TestCase("+86 (0)21 6234 5678", ExpectedResult = "+862162345678")]
    [TestCase("00852 9123 4567", ExpectedResult = "+85291234567")]
    [TestCase("129 1234 5678", ExpectedResult = null)]
    [TestCase("139 1234 567", ExpectedResult = null)]
    [TestCase("+86 139 1234 56789", ExpectedResult = null)]
    public string? Mainland_China(string text) => PhoneNumbers.Normalise(text, "CN");

    [TestCase("9123 4567", ExpectedResult = "+85291234567")]
    [TestCase("９１２３　４５６７", ExpectedResult = "+85291234567")]
    [TestCase("2345-6789", ExpectedResult = "+85223456789")]
    [TestCase("001 86 139 1234 5678", ExpectedResult = "+8613912345678")]
    [TestCase("09123 4567", ExpectedResult = null, Description = "there is no trunk prefix")]
    [TestCase("1123 4567", ExpectedResult = null)]
    [TestCase("9123 456", ExpectedResult = null)]
    public string? Hong_Kong(string text) => PhoneNumbers.Normalise(text, "HK");

    [TestCase("0912 345 678", ExpectedResult = "+886912345678")]
    [TestCase("０９１２－３４５－６７８", ExpectedResult = "+886912345678")]
    [TestCase("(02) 2345-6789", ExpectedResult = "+886223456789")]
    [TestCase("+886 0912 345 678", ExpectedResult = "+886912345678")]
    [TestCase("0912 345 67", ExpectedResult = null)]
    [TestCase("0112 345 678", ExpectedResult = null)]
    public string? Taiwan(string text) => PhoneNumbers.Normalise(text, "TW");

    [TestCase("8123 4567", ExpectedResult = "+6581234567")]
    [TestCase("６３２３ ４５６７", ExpectedResult = "+6563234567")]
    [TestCase("+65-9123-4567", ExpectedResult = "+6591234567")]
    [TestCase("7123 4567", ExpectedResult = null)]
    [TestCase("8123 45678", ExpectedResult = null)]
    public string? Singapore(string text) => PhoneNumbers.Normalise(text, "SG");

    [TestCase("6612 3456", ExpectedResult = "+85366123456")]
    [TestCase("２８１２３４５６", ExpectedResult = "+85328123456")]
    [TestCase("+853 6612 3456", ExpectedResult = "+85366123456")]
    [TestCase("5612 3456", ExpectedResult = null)]
    [TestCase("6612 345", ExpectedResult = null)]
    public string? Macao(string text) => PhoneNumbers.Normalise(text, "MO");

    [TestCase("090-1234-5678", ExpectedResult = "+819012345678")]
    [TestCase("０９０ー１２３４ー５６７８", ExpectedResult = "+819012345678", Description = "with the long vowel mark that keyboards offer as a dash")]
    [TestCase("03-1234-5678", ExpectedResult = "+81312345678")]
    [TestCase("+81 (0)90 1234 5678", ExpectedResult = "+819012345678")]
    [TestCase("090-1234-567", ExpectedResult = null)]
    [TestCase("00-1234-5678", ExpectedResult = null)]
    public string? Japan(string text) => PhoneNumbers.Normalise(text, "JP");

    [TestCase("(415) 555-2671", ExpectedResult = "+14155552671")]
    [TestCase("1 415 555 2671", ExpectedResult = "+14155552671")]
    [TestCase("４１５ ５５５ ２６７１", ExpectedResult = "+14155552671")]
    [TestCase("011 852 9123 4567", ExpectedResult = "+85291234567")]
    [TestCase("115 555 2671", ExpectedResult = null)]
    [TestCase("911 555 2671", ExpectedResult = null)]
    [TestCase("415 555 267", ExpectedResult = null)]
    public string? The_United_States(string text) => PhoneNumbers.Normalise(text, "US");

    [TestCase("07400 123456", ExpectedResult = "+447400123456")]
    [TestCase("０２０　７９４６　０９５８", ExpectedResult = "+442079460958")]
    [TestCase("+44 (0)20 7946 0958", ExpectedResult = "+442079460958")]
    [TestCase("01632 960123", ExpectedResult = "+441632960123")]
    [TestCase("00 49 30 901820", ExpectedResult = "+4930901820")]
    [TestCase("07000 123456", ExpectedResult = null, Description = "a personal number, not a mobile one")]
    [TestCase("020 7946 095", ExpectedResult = null)]
    public string? Great_Britain(string text) => PhoneNumbers.Normalise(text, "GB");

    [Test]
    public void Every_country_of_the_table_is_one() => Assert.That(PhoneNumbers.Known.All(Iso3166.Contains), Is.True);
}
