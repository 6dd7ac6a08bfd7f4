using Npgsql;

namespace Patron.Runtime.EventStore;

/// <summary>
/// Rows that are written in the same transaction as the events, so that they are never behind. Set-based: one statement per call,
/// whatever the number of events. Use it for what decisions or identity need; what only people look at is a projection.
/// </summary>
public interface IInlineView
{
    /// <summary>Adds the statements for these events, which are in commit order, to the transaction; adds nothing if none concerns it.</summary>
    void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction);
}
