using NUnit.Framework;
using Patron.Profile;

namespace Patron.Services.Tests.Profile;

/// <summary>How attributes are written once they are taken.</summary>
[TestFixture]
internal sealed class CleansingTests
{
    [TestCase("  ANNA  MARIA ", "Anna Maria")]
    [TestCase("o'brien-smith", "O'Brien-Smith")]
    [TestCase("McDonald", "McDonald")]
    [TestCase("van der Berg", "van der Berg")]
    [TestCase("JP", "JP")]
    [TestCase("ÉLODIE", "Élodie")]
    [TestCase("Ｍａｒｉａ", "Maria")]
    [TestCase("陳　大文", "陳 大文")]
    [TestCase("さくら", "さくら")]
    [TestCase("Zoe\u0308", "Zoë")]
    [TestCase(" \u3000 ", null)]
    public void A_name_has_one_spelling(string typed, string? kept) => Assert.That(Cleansing.Name(typed), Is.EqualTo(kept));

    [TestCase("number", "38.50", "38.5")]
    [TestCase("number", "-7", "-7")]
    [TestCase("number", "1,000", null)]
    [TestCase("boolean", "TRUE", "true")]
    [TestCase("boolean", "yes", null)]
    [TestCase("date", "2001-05-31", "2001-05-31")]
    [TestCase("date", "2001-02-30", null)]
    [TestCase("date", "1899-12-31", null)]
    [TestCase("choice", "GOLD", "Gold")]
    [TestCase("choice", "tin", null)]
    public void A_value_has_one_spelling_of_its_type(string type, string typed, string? kept)
    {
        var definition = new AttributeDefinition(
            "x", Enum.Parse<AttributeType>(type, ignoreCase: true), new Dictionary<string, string>(), true, ["Gold", "Silver"]);
        Assert.That(AttributeValues.Read(definition, typed), Is.EqualTo(kept));
    }

    [TestCase("email", "test@shop.example", true)]
    [TestCase("email", "testa@shop.example", false)]
    [TestCase("phone", "+85200000000", true)]
    [TestCase("phone", "+85291234567", false)]
    [TestCase("postal_code", "0000", true)]
    [TestCase("postal_code", "100000", false)]
    [TestCase("given_name", "N/A", true)]
    [TestCase("given_name", "Testa", false)]
    [TestCase("birth_date", "1900-01-01", true)]
    [TestCase("country", "NA", false, Description = "Namibia")]
    public void What_is_typed_to_get_past_a_field_is_recognised(string key, string value, bool placeholder) =>
        Assert.That(Placeholders.IsOne(key, value), Is.EqualTo(placeholder));
}
