using NUnit.Framework;
using Patron.Profile;
using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Services.Tests.Profile;

/// <summary>What profile makes of an event, without a database.</summary>
[TestFixture]
internal sealed class DecisionTests
{
    private static readonly DateTimeOffset Morning = new(2024, 1, 10, 9, 0, 0, TimeSpan.Zero);
    private static readonly Guid Anna = Guid.Parse("0190a000-0000-7000-8000-000000000001");
    private static readonly Guid Bert = Guid.Parse("0190a000-0000-7000-8000-000000000002");
    private static readonly CustomerKey Key = new(Anna, new byte[32]);
    private static readonly KeyedHash Hash = new(new byte[32]);

    [Test]
    public void A_first_purchase_registers_links_and_records_in_this_order() =>
        Assert.That(
            Names(RecordPurchase.Decide(Given(), Purchase("1", Card("A")), Linked(Card("A")), Key)),
            Is.EqualTo((string[])[nameof(CustomerRegistered), nameof(IdentifierLinked), nameof(PurchaseRecorded)]));

    [Test]
    public void A_purchase_of_a_known_customer_is_one_event() =>
        Assert.That(
            Names(RecordPurchase.Decide(Given(Known("A")), Purchase("1", Card("A")), Linked(Card("A")), Key)),
            Is.EqualTo((string[])[nameof(PurchaseRecorded)]));

    [Test]
    public void The_first_event_keeps_the_hash_of_what_was_told()
    {
        var told = Purchase("1", Card("A"));
        var events = RecordPurchase.Decide(Given(), told, Linked(Card("A")), Key).Events.Cast<ProfileEvent>().ToList();
        Assert.That(events.Select(e => e.Told), Is.EqualTo((Guid?[])[told.Hash, null, null]));
    }

    [Test]
    public void An_address_on_a_receipt_becomes_the_contact_only_where_none_is_known()
    {
        var first = RecordPurchase.Decide(Given(Known("A")), Purchase("1", Email("a@example.com")), Linked(Email("a@example.com")), Key);
        var state = CustomerProfile.Kind.Fold([.. Known("A"), .. first.Events]);
        var second = RecordPurchase.Decide(state, Purchase("2", Email("b@example.com")), Linked(Email("b@example.com")), Key);

        Assert.That(Names(first), Does.Contain(nameof(DetailsChanged)));
        Assert.That(Names(second), Is.EqualTo((string[])[nameof(IdentifierLinked), nameof(PurchaseRecorded)]));
    }

    [Test]
    public void An_update_changes_the_contact_and_keeps_what_it_does_not_name()
    {
        var state = Given([.. Known("A"), .. Update("1", Morning, new Details(GivenName: "安娜", Email: "a@example.com"), [])]);
        var changed = UpdateCustomer.Decide(state, Told("2", Morning, [Card("A")], new Details(Email: "b@example.com")), Linked(Card("A")), Key)
            .Events.OfType<DetailsChanged>().Single();

        Assert.That(changed.Changed, Is.EqualTo((string[])["email"]));
        Assert.That(Key.Unseal(changed.Details.GivenName!, SealedFields.GivenName), Is.EqualTo("安娜"));
        Assert.That(Key.Unseal(changed.Details.Email!, SealedFields.Email), Is.EqualTo("b@example.com"));
    }

    [Test]
    public void An_update_that_tells_nothing_new_still_leaves_an_event_that_keeps_its_key()
    {
        var state = Given([.. Known("A"), .. Update("1", Morning, new Details(Country: "HK"), [])]);
        var told = Told("2", Morning, [Card("A")], new Details(Country: "HK"));
        Assert.That(
            UpdateCustomer.Decide(state, told, Linked(Card("A")), Key).Events, Is.EqualTo((DomainEvent[])[new DetailsConfirmed("/crm") { Told = told.Hash }]));
    }

    [Test]
    public void An_address_that_belongs_to_somebody_else_is_a_conflict_once_and_no_contact()
    {
        var who = new Recognised(Anna, [Card("A")], [new ForeignIdentifier(Email("b@example.com"), Bert)]);
        var told = Told("1", Morning, [Card("A"), Email("b@example.com")], new Details(Email: "b@example.com"));
        var first = UpdateCustomer.Decide(Given(Known("A")), told, who, Key);
        var second = UpdateCustomer.Decide(Given([.. Known("A"), .. first.Events]), told, who, Key);

        Assert.That(first.Events.Single(), Is.InstanceOf<IdentifierConflictFound>().With.Property(nameof(IdentifierConflictFound.BelongsTo)).EqualTo(Bert));
        Assert.That(Names(second), Is.EqualTo((string[])[nameof(DetailsConfirmed)]));
    }

    // Hours after the morning at which a consent was told, in the order of arrival, and what is in force at the end.
    [TestCase("0+ 1-", false, 2)]
    [TestCase("1- 0+", false, 1, Description = "an older grant arrives late")]
    [TestCase("1+ 0-", true, 1, Description = "an older withdrawal arrives late")]
    [TestCase("0+ 0-", false, 2, Description = "of one moment the withdrawal counts")]
    [TestCase("0- 0+", false, 1)]
    [TestCase("0+ 1+", true, 1, Description = "the same again is no change")]
    [TestCase("0- 2- 1+", false, 2, Description = "a withdrawal that was repeated goes before a grant from between")]
    public void The_consent_that_was_decided_last_is_in_force(string told, bool granted, int version)
    {
        var history = Known("A").ToList();
        foreach (var (index, step) in told.Split(' ').Index())
        {
            var at = Morning.AddHours(step[0] - '0');
            var consent = new ToldConsent("email", "marketing", step[1] == '+', "w", at, new ToldEvidence(ConsentMethod.Form));
            history.AddRange(Update(Events.Id(index), at, new Details(), [consent], history));
        }
        var inForce = Given(history).Consents.Single();
        Assert.That((inForce.Granted, inForce.Version), Is.EqualTo((granted, (long)version)));
    }

    [Test]
    public void Without_a_key_nothing_is_recorded() =>
        Assert.That(RecordPurchase.Decide(Given(Known("A")), Purchase("1", Card("A")), Linked(Card("A")), null).Refusal, Is.EqualTo(new CustomerErased()));

    [Test]
    public void Without_a_key_no_behaviour_is_recorded()
    {
        var told = Told("1", Morning, [Card("A")], new Details()) with { Behaviour = Viewed };
        Assert.That(RecordBehaviour.Decide(Given(Known("A")), told, Linked(Card("A")), null).Refusal, Is.EqualTo(new CustomerErased()));
    }

    [Test]
    public void A_behaviour_of_a_known_customer_is_one_event_that_changes_no_state()
    {
        var told = Told("1", Morning, [Card("A")], new Details()) with { Behaviour = Viewed };
        var decision = RecordBehaviour.Decide(Given(Known("A")), told, Linked(Card("A")), Key);
        var state = Given(Known("A"));
        Assert.That(Names(decision), Is.EqualTo((string[])[nameof(BehaviourRecorded)]));
        Assert.That(CustomerProfile.Evolve(state, decision.Events[0]), Is.SameAs(state));
    }

    [Test]
    public void Events_and_states_survive_being_written_and_read()
    {
        var purchase = new PurchaseRecorded(Facts("1")) { Told = Anna };
        var read = (PurchaseRecorded)CustomerProfile.Events.Read("profile.purchase-recorded.v1", CustomerProfile.Events.Write(purchase));
        Assert.That(CustomerProfile.Events.Write(purchase), Does.Contain("""[["85123A",1,6,1530],["POST",3,1,400]]"""));
        Assert.That(read with { Purchase = purchase.Purchase }, Is.EqualTo(purchase));
        Assert.That(read.Purchase.Lines, Is.EqualTo(purchase.Purchase.Lines));
    }

    [TestCase("profile.identifier-linked.v1", """{"kind":4,"hash":"00000002-1234-7abc-8000-0000000000ff","sealedValue":"s"}""")]
    [TestCase("profile.details-changed.v1", """{"details":{"email":"s"},"changed":["email"],"source":"/crm"}""")]
    [TestCase(
        "profile.consent-changed.v1",
        """{"channel":"email","purpose":"m","granted":true,"wording":"w","source":"/crm","changedAt":"2024-01-10T09:00:00+00:00","version":1}""")]
    public void An_event_stored_before_customers_were_merged_is_read_and_has_no_origin(string name, string json)
    {
        var read = (ProfileEvent)CustomerProfile.Events.Read(name, json);
        Assert.That(read.Origin, Is.Null);
        Assert.That(CustomerProfile.Events.Write(read), Is.EqualTo(json), "nothing is added to what it was");
    }
    private static ToldBehaviour Viewed { get; } = new(
        new BehaviourFacts(Anna, "Product Viewed", 1, "/web", Morning, new Dictionary<string, string>()), """{"/url":"https://shop.example"}""");

    private static CustomerProfile Given(params IEnumerable<DomainEvent> events) => CustomerProfile.Kind.Fold(events);

    private static IEnumerable<DomainEvent> Known(string card) =>
        [new CustomerRegistered("/pos"), new IdentifierLinked(IdentifierKind.Card, Card(card).Hash.Hash, "sealed")];

    private static IEnumerable<DomainEvent> Update(
        string id, DateTimeOffset time, Details details, IReadOnlyList<ToldConsent> consents, IEnumerable<DomainEvent>? history = null) =>
        UpdateCustomer.Decide(Given(history ?? Known("A")), Told(id, time, [Card("A")], details, consents), Linked(Card("A")), Key).Events;

    private static Identifier Card(string card) => new(IdentifierKind.Card, card, Hash.Of(IdentifierKind.Card, card));

    private static Identifier Email(string email) => new(IdentifierKind.Email, email, Hash.Of(IdentifierKind.Email, email));

    private static Recognised Linked(params IReadOnlyList<Identifier> identifiers) => new(Anna, identifiers, []);

    private static Told Purchase(string id, params IReadOnlyList<Identifier> identifiers) =>
        Told(id, Morning, identifiers, Consumed.ContactsOf(identifiers)) with { Purchase = Facts(id) };

    private static Told Told(
        string id, DateTimeOffset time, IReadOnlyList<Identifier> identifiers, Details details, IReadOnlyList<ToldConsent>? consents = null)
    {
        var hash = Hash.Of(System.Text.Encoding.UTF8.GetBytes(id));
        return new Told("", "/crm", id, time, IngestReader.KeyOf("/crm", id), hash, identifiers, details, consents ?? [], null);
    }

    private static PurchaseFacts Facts(string id) => new(
        IngestReader.KeyOf("/crm", id), "/crm", id, PurchaseChannel.Pos, "", Morning, "HKD",
        [new PurchaseLine("85123A", LineKind.Sale, 6, 1530), new PurchaseLine("POST", LineKind.Fee, 1, 400)]);

    private static IEnumerable<string> Names(Decision decision) => decision.Events.Select(e => e.GetType().Name);
}
