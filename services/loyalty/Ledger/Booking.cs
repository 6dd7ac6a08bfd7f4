using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>Events that one decision books one after another, and the ledger as it stands after them.</summary>
internal sealed class Booking(Ledger ledger)
{
    private readonly List<DomainEvent> events = [];

    public Ledger Ledger { get; private set; } = ledger;

    public IReadOnlyList<DomainEvent> Events => events;

    public void Add(DomainEvent happened)
    {
        events.Add(happened);
        Ledger = Ledger.Evolve(Ledger, happened);
    }

    public Decision Decide() => Decision.Of(events);
}
