using Npgsql;
using Patron.Runtime.EventLog;

namespace Patron.Runtime.EventStore;

/// <summary>What every transaction of a service's store needs.</summary>
internal sealed class StoreContext(
    ServiceDatabase databases,
    EventTypes types,
    IReadOnlyList<IInlineView> views,
    Func<RecordedEvent, IEnumerable<TimerChange>>? timersOf,
    HandoverRules handovers,
    int partitions,
    TimeProvider clock)
{
    /// <summary>For the transactions of writer lanes, whose statements find rows by key.</summary>
    public NpgsqlDataSource Lanes { get; } = databases.Lanes;

    public EventTypes Types { get; } = types;

    public EventReader Reader { get; } = new(databases.Any, types);

    public IReadOnlyList<IInlineView> Views { get; } = views;

    public Func<RecordedEvent, IEnumerable<TimerChange>>? TimersOf { get; } = timersOf;

    public HandoverRules Handovers { get; } = handovers;

    public Links Links { get; } = new(partitions);

    public int Partitions { get; } = partitions;

    /// <summary>Business time.</summary>
    public TimeProvider Clock { get; } = clock;

    public int PartitionOf(Guid customer) => CustomerPartition.Of(customer, Partitions);
}
