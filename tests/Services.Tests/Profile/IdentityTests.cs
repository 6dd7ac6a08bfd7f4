using NUnit.Framework;
using Patron.Profile;

namespace Patron.Services.Tests.Profile;

/// <summary>Who is who: normal spellings, and matching of a batch.</summary>
[TestFixture]
internal sealed class IdentityTests
{
    private static readonly KeyedHash Hash = new(new byte[32]);

    [TestCase(" Anna.Lee@Example.COM ", ExpectedResult = "anna.lee@example.com")]
    [TestCase("anna@münchen.example", ExpectedResult = "anna@xn--mnchen-3ya.example")]
    [TestCase("o'neil+shop@a-b.co.uk", ExpectedResult = "o'neil+shop@a-b.co.uk")]
    [TestCase("anna@example", ExpectedResult = null)]
    [TestCase("anna@@example.com", ExpectedResult = null)]
    [TestCase("an na@example.com", ExpectedResult = null)]
    [TestCase(".anna@example.com", ExpectedResult = null)]
    [TestCase("anna@exam_ple.com", ExpectedResult = null)]
    [TestCase("anna@example.com\n", ExpectedResult = "anna@example.com")]
    public string? An_e_mail_address_has_one_spelling(string text) => Normal.Email(text);

    [TestCase("zh-hant-hk", ExpectedResult = "zh-Hant-HK")]
    [TestCase("EN_gb", ExpectedResult = "en-GB")]
    [TestCase("de-ch-1996", ExpectedResult = "de-CH-1996")]
    [TestCase("es-419", ExpectedResult = "es-419")]
    [TestCase("en-x-Twain", ExpectedResult = "en-x-twain")]
    [TestCase("chinese", ExpectedResult = null)]
    [TestCase("", ExpectedResult = null)]
    public string? A_language_tag_has_one_spelling(string text) => Normal.Language(text);

    [Test]
    public void Events_that_share_a_new_identifier_are_about_one_new_customer()
    {
        var matches = Match([], Told(Card("A")), Told(Card("A"), Email("a")), Told(Email("a")), Told(Card("B")), Told());
        Assert.That(matches.Who.Select(w => w?.Customer), Is.EqualTo((Guid?[])[Id(1), Id(1), Id(1), Id(2), null]));
        Assert.That(matches.New, Has.Count.EqualTo(3));
    }

    [Test]
    public void A_new_identifier_beside_a_known_one_is_the_known_customers()
    {
        var matches = Match(new() { [Email("a").Hash] = Id(9) }, Told(Card("A"), Email("a")));
        Assert.That(matches.Who[0]!.Customer, Is.EqualTo(Id(9)));
        Assert.That(matches.New, Is.EqualTo(new Dictionary<IdentifierHash, Owner> { [Card("A").Hash] = Owner.Of(Id(9)) }));
    }

    [Test]
    public void Of_identifiers_that_disagree_the_surest_decides_and_the_others_are_foreign()
    {
        var matches = Match(new() { [Email("a").Hash] = Id(8), [Card("A").Hash] = Id(9) }, Told(Card("A"), Email("a")));
        Assert.That(matches.Who[0]!.Customer, Is.EqualTo(Id(9)));
        Assert.That(matches.Who[0]!.Linked, Is.EqualTo((Identifier[])[Card("A")]));
        Assert.That(matches.Who[0]!.Foreign, Is.EqualTo((ForeignIdentifier[])[new(Email("a"), Id(8))]));
        Assert.That(matches.New, Is.Empty);
    }

    [Test]
    public void A_shops_number_means_nothing_at_another_shop() =>
        Assert.That(Hash.Of(IdentifierKind.ShopId, "/shop/a", "17"), Is.Not.EqualTo(Hash.Of(IdentifierKind.ShopId, "/shop/b", "17")));

    [Test]
    public void An_idempotency_key_is_the_same_on_every_machine() =>
        Assert.That(IngestReader.KeyOf("/pos/hk", "R-1"), Is.EqualTo(Guid.Parse("c8aabf02-ce07-83e0-809a-783375ca2b93")));

    private static Matches Match(Dictionary<IdentifierHash, Guid> known, params IReadOnlyList<Told> events)
    {
        var made = 0;
        var owners = known.ToDictionary(k => k.Key, k => Owner.Of(k.Value));
        return new Matching(MatchingRules.Default, owners, new HashSet<SingleValue>(), _ => (false, null), () => Id(++made)).Match(events);
    }

    private static Guid Id(int number) => new(number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    private static Identifier Card(string card) => new(IdentifierKind.Card, card, Hash.Of(IdentifierKind.Card, card));

    private static Identifier Email(string email) => new(IdentifierKind.Email, email, Hash.Of(IdentifierKind.Email, email));

    private static Told Told(params IReadOnlyList<Identifier> identifiers) =>
        new("", "/pos", "1", DateTimeOffset.UnixEpoch, Guid.Empty, Guid.Empty, identifiers, new Details(), [], null);
}
