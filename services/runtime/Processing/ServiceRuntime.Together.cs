using System.Runtime.ExceptionServices;
using Npgsql;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>Decisions that concern several customers at once.</summary>
public sealed partial class ServiceRuntime
{
    /// <summary>
    /// Runs units of commands, each unit all or none: one refusal, or one customer whose records are parked, leaves every stream of its unit
    /// as it was, and each of its results carries that refusal. The commands of a unit are decided in their order under the locks of all its
    /// customers, and are committed in one transaction, so that a later one may rely on what an earlier one has seen. Units do not affect each
    /// other. A retry after a fault is safe where the decisions recognise what they have done, or with idempotency keys.
    /// </summary>
    public async Task<IReadOnlyList<IReadOnlyList<CommandResult>>> ExecuteTogetherAsync(
        IReadOnlyList<IReadOnlyList<Command>> units, CancellationToken cancellation)
    {
        var current = System.Diagnostics.Activity.Current;
        var metadata = current?.Id is { } trace ? new EventMetadata { TraceParent = trace } : EventMetadata.None;
        var works = units.Select(commands => new UnitOfWork([.. commands.Select(c => c.Metadata == EventMetadata.None ? c with { Metadata = metadata } : c)])
        {
            AsksParked = true,
            RefusedTogether = true,
        }).ToList();

        var items = new List<WorkItem>();
        foreach (var lane in works.Where(w => w.Commands.Count > 0).GroupBy(w => LaneIndexOf(store.PartitionOf(w.Commands[0].Customer))))
        {
            var item = new WorkItem([.. lane]) { Cause = current?.Context ?? default };
            await lanes[lane.Key].EnqueueAsync(item, cancellation);
            items.Add(item);
        }

        foreach (var item in items)
            await item.Done.WaitAsync(cancellation);
        if (works.Find(w => w.Fault is not null) is { } faulted)
            ExceptionDispatchInfo.Throw(faulted.Fault!);
        return [.. works.Select(w => w.Results)];
    }

    /// <summary>The states of those streams that have events, as one reading of the store.</summary>
    public async Task<IReadOnlyDictionary<Guid, TState>> StatesAsync<TState>(
        StreamKind<TState> kind, IReadOnlyCollection<Guid> streams, CancellationToken cancellation)
        where TState : class
    {
        var states = new Dictionary<Guid, TState>(streams.Count);
        var outdated = new List<Guid>();
        await using var command = Database.CreateCommand("select stream, shape, state from streams where stream = any($1)");
        command.Parameters.Add(Statements.Uuids(streams));
        await using (var row = await command.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation))
            {
                if (row.GetInt32(1) == kind.Shape)
                    states.Add(row.GetGuid(0), (TState)kind.Read(row.GetString(2)));
                else
                    outdated.Add(row.GetGuid(0));
            }
        }

        foreach (var stream in outdated)
            states.Add(stream, kind.Fold((await ReadStreamAsync(stream, cancellation)).Select(e => e.Event)));
        return states;
    }
}
