using Npgsql;
using Patron.Runtime.EventLog;

namespace Patron.Runtime.EventStore;

/// <summary>What every transaction of a service's store needs.</summary>
internal sealed class StoreContext(
    NpgsqlDataSource database,
    EventTypes types,
    IReadOnlyList<IInlineView> views,
    Func<RecordedEvent, IEnumerable<TimerChange>>? timersOf,
    int partitions,
    TimeProvider clock)
{
    public NpgsqlDataSource Database { get; } = database;

    public EventTypes Types { get; } = types;

    public EventReader Reader { get; } = new(database, types);

    public IReadOnlyList<IInlineView> Views { get; } = views;

    public Func<RecordedEvent, IEnumerable<TimerChange>>? TimersOf { get; } = timersOf;

    public int Partitions { get; } = partitions;

    /// <summary>Business time.</summary>
    public TimeProvider Clock { get; } = clock;

    public int PartitionOf(Guid customer) => CustomerPartition.Of(customer, Partitions);
}
