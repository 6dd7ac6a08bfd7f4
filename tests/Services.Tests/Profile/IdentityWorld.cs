using System.Text.Json;
using Patron.Profile;
using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Services.Tests.Profile;

/// <summary>Profile's decisions over streams in memory: what the store does with them, without the store.</summary>
internal sealed class IdentityWorld
{
    private static readonly KeyedHash Hash = new(new byte[32]);
    private static readonly MatchingRules Rules = MatchingRules.Default;
    private static readonly Dictionary<string, IReadOnlyList<string>> Priorities = new() { ["city"] = ["/crm"], [SealedFields.GivenName] = ["/crm"] };

    private readonly Dictionary<Guid, List<DomainEvent>> streams = [];
    private readonly Dictionary<Guid, CustomerKey> keys = [];
    private readonly Dictionary<Guid, CustomerProfile> states = [];
    private int made;

    public IEnumerable<Guid> Customers => streams.Keys;

    public IReadOnlyList<DomainEvent> EventsOf(Guid customer) => streams[customer];

    public CustomerProfile StateOf(Guid customer) => states[customer];

    /// <summary>The link of each merge that stands, with who holds it.</summary>
    public IEnumerable<(Guid Link, Guid Customer, Guid Holder)> Links =>
        streams.Keys.SelectMany(c => states[c].LinksOrNone.Absorbed.Select(a => (a.Link, a.Customer, c)));

    public Guid RootOf(Guid customer)
    {
        while (states[customer].LinksOrNone.MergedInto is { } into)
            customer = into;
        return customer;
    }

    public Guid Register(DateTimeOffset now)
    {
        var customer = new Guid(++made, 1, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 1);
        streams.Add(customer, []);
        keys.Add(customer, new CustomerKey(customer, new byte[32]));
        states.Add(customer, CustomerProfile.Kind.Fold([]));
        var email = $"c{made}@example.com";
        var told = ToldBy(Identifier(IdentifierKind.Email, email), now) with { Details = new Details(Email: email) };
        Append(customer, UpdateCustomer.Decide(states[customer], told, new Recognised(customer, told.Identifiers, []), keys[customer]));
        return customer;
    }

    /// <summary>An event that names a customer by an identifier of their own, sent to whoever is thought to be the root; false when refused.</summary>
    public bool Tell(Guid node, Guid root, Identifier told, DateTimeOffset now, Telling telling, bool purchase)
    {
        var happened = ToldBy(told, telling.Teller.ToldAt) with
        {
            Source = telling.Teller.Source,
            RecordedAt = now,
            Attributes = telling.Attributes,
            Consents = telling.Consents,
            Priorities = Priorities,
        };
        var who = WhoOf(node, root) with { Linked = happened.Identifiers };
        if (!states[root].IsStill(who))
            return false;
        Append(root, purchase
            ? RecordPurchase.Decide(states[root], happened with { Purchase = FactsOf(happened) }, who, keys[root])
            : UpdateCustomer.Decide(states[root], happened, who, keys[root]));
        return true;
    }

    /// <summary>The customer confirms whatever they, or those merged into them, were asked to confirm last, by a link that names this one.</summary>
    public void Confirm(Guid node, DateTimeOffset now)
    {
        var root = RootOf(node);
        if (states[root].Consents.SelectMany(c => c.OptIns ?? []).LastOrDefault() is { } asked)
        {
            Append(root, ConfirmOptIn.Decide(
                states[root], asked.Request, WhoOf(node, root).Origin, now, new ToldEvidence(ConsentMethod.DoubleOptIn), keys[root], _ => null));
        }
    }

    /// <summary>Timers that are due.</summary>
    public void Expire(DateTimeOffset now)
    {
        foreach (var (customer, consent) in streams.Keys.SelectMany(c => states[c].Consents.Where(s => s.EndsBy(now)).Select(s => (c, s))).ToList())
            Append(customer, ExpireConsent.Decide(states[customer], consent.Channel, consent.Purpose, now));
    }

    public static Identifier Identifier(IdentifierKind kind, string value) => new(kind, value, Hash.Of(kind, value));

    /// <summary>Null when merged.</summary>
    public Refusal? Merge(Guid one, Guid other, Guid link)
    {
        if (one == other)
            return new OneCustomerAlready(one);
        var stays = MergeCustomers.Stays(one, states[one], other, states[other], Rules);
        var order = new MergeOrder(stays ? other : one, stays ? one : other, link, LinkCause.Decision, "maria", "same", DespiteConflicts: true);
        var away = MergeCustomers.DecideAway(states[order.Away], order, keys[order.Away]);
        var stay = MergeCustomers.DecideStay(states[order.Survivor], states[order.Away], order, Rules, Priorities, keys[order.Survivor], keys[order.Away]);
        return Together((order.Away, away), (order.Survivor, stay));
    }

    public Refusal? Undo(Guid link, Guid customer, Guid holder, DateTimeOffset now)
    {
        var order = new UnmergeOrder(customer, holder, link, "maria", "not the same");
        var history = streams[holder].ToList();
        var terms = new PartingTerms(Priorities, now);
        return Together(
            (holder, UnmergeCustomers.DecideGiveBack(states[holder], history, order, terms, keys[holder])),
            (customer, UnmergeCustomers.DecideSplitOff(states[customer], history, order, terms, keys[customer], keys[holder])));
    }

    /// <summary>What a state says of the customer: versions, which only grow, and with whom they are kept apart are left out.</summary>
    public string Told(Guid customer)
    {
        var state = states[customer];
        var rest = state with
        {
            Details = new SealedDetails(),
            ConsentVersion = 0,
            Consents = [.. state.Consents.Select(c => c with { Version = 0 }).OrderBy(c => c.Channel, StringComparer.Ordinal)
                .ThenBy(c => c.Purpose, StringComparer.Ordinal)],
            Links = state.LinksOrNone with { Version = 0, KeptApart = [] },
        };
        return string.Join('\n', Known(customer).Append(Whole(rest)));
    }

    /// <summary>Each attribute with its value in clear and who told it.</summary>
    public IEnumerable<string> Known(Guid customer)
    {
        var details = states[customer].Details;
        return details.Keys().Order(StringComparer.Ordinal).Select(key =>
            $"{key}: {keys[customer].Unseal(details.Find(key)!, AttributesByKey.FieldOf(key))}, {details.OriginOf(key)}");
    }

    public static string Whole(CustomerProfile state) => JsonSerializer.Serialize(state, ProfileJson.Default.CustomerProfile);

    private Refusal? Together(params IReadOnlyList<(Guid Customer, Decision Decision)> decisions)
    {
        if (decisions.Select(d => d.Decision.Refusal).FirstOrDefault(r => r is not null) is { } refusal)
            return refusal;
        foreach (var (customer, decision) in decisions)
            Append(customer, decision);
        return null;
    }

    private void Append(Guid customer, Decision decision)
    {
        foreach (var happened in decision.Events)
        {
            streams[customer].Add(happened);
            states[customer] = CustomerProfile.Evolve(states[customer], happened);
        }
    }

    private static Recognised WhoOf(Guid node, Guid root) =>
        new(root, [], []) { Nodes = node == root ? [] : [node], Origin = node == root ? null : node };

    private Told ToldBy(Identifier identifier, DateTimeOffset now)
    {
        var id = (++made).ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new Told("", "/crm", id, now, IngestReader.KeyOf("/crm", id), Guid.Empty, [identifier], new Details(), [], null);
    }

    private static PurchaseFacts FactsOf(Told told) =>
        new(told.Key, told.Source, told.Id, PurchaseChannel.Pos, "", told.Time, "HKD", [new PurchaseLine("A", LineKind.Sale, 1, 100)]);
}
