using System.Runtime.ExceptionServices;
using Npgsql;

namespace Patron.Runtime.EventStore;

/// <summary>
/// One transaction of a writer lane over many units: lock the heads and load what decisions need (one round trip, left out where the lane
/// remembers it all), decide in memory, write everything and commit (one round trip, which then locks and checks the heads first).
/// </summary>
internal sealed partial class StoreTransaction(StoreContext store, LaneMemory memory, IReadOnlyList<WorkItem> items) : IAsyncDisposable
{
    private readonly List<UnitOfWork> units =
        [.. items.SelectMany(i => i.Units).Where(u => u.Commands.Count > 0 || u.Timer is not null || u.Link is not null)];

    private readonly NpgsqlBatch batch = new();
    private readonly SortedDictionary<int, long> heads = [];
    private readonly Dictionary<Guid, LoadedStream> streams = [];
    private readonly Dictionary<Guid, RecordedEvent> keys = [];
    private readonly LoadedTimers timers = new(store.TimersOf);
    private readonly List<(RecordedEvent Event, Guid? Key)> appended = [];
    private readonly HashSet<Guid> faulted = [];
    private readonly HashSet<Guid> parked = [];
    private readonly HashSet<Guid> behind = [];
    private readonly Dictionary<Guid, Guid> roots = [];
    private readonly Dictionary<int, long> linksOf = [];
    private long routedAt;
    private LinkRow? link;
    private Exception? refused;
    private DateTimeOffset now;
    private bool isDecidedFirst;
    private bool asksParked;
    private bool metRepeat;

    // A command that leaves no event would not fail by the key that an earlier one left: it has to be asked for.
    private bool mayBeRepeat;
    private SortedDictionary<int, long> remembered = [];

    /// <summary>The events appended, in commit order per partition; valid after the commit.</summary>
    public IEnumerable<RecordedEvent> Appended => appended.Select(a => a.Event);

    /// <summary>Told too early, by a planted bug.</summary>
    public Action<IEnumerable<RecordedEvent>>? Told { get; init; }

    /// <summary>
    /// Decides from what the lane remembers, without asking the database, where it remembers everything. The heads are then locked and checked
    /// when the transaction is executed.
    /// </summary>
    public bool TryDecideFirst()
    {
        Recall();
        isDecidedFirst = IsAllKnown();
        if (!isDecidedFirst)
            return false;
        remembered = new SortedDictionary<int, long>(heads);
        DecideUnits();
        if (mayBeRepeat)
            return false;
        Write();
        return true;
    }

    /// <summary>Locks the heads, loads what is not remembered, and decides.</summary>
    public async Task DecideAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (units.Count > 0)
            await LoadAsync(connection, cancellation);
        FaultPoint.Reach(FaultPoint.StoreAfterLock);
        DecideUnits();
        Write();
    }

    /// <summary>Writes what was decided and commits.</summary>
    /// <exception cref="FencedException">Another instance owns a partition that was read.</exception>
    public async Task ExecuteAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        batch.Connection = connection;
        FaultPoint.Reach(FaultPoint.StoreBeforeCommit);
        Told?.Invoke(Appended);
        try
        {
            await batch.ExecuteNonQueryAsync(cancellation);
            FaultPoint.Reach(FaultPoint.StoreAfterCommit);
        }
        catch (PostgresException fault) when (fault.SqlState == "PT409")
        {
            throw new FencedException(fault);
        }
    }

    public ValueTask DisposeAsync() => batch.DisposeAsync();

    private void DecideUnits()
    {
        // Read after the heads are locked, or known not to be moved by anyone but this lane, so that times do not go back within a partition
        // while the clock does not.
        now = store.Clock.GetUtcNow();
        foreach (var unit in units)
            Decide(unit);
    }

    private void Write()
    {
        if (PlantedBug.Is(Bug.OffsetBeforeEffects))
        {
            OffsetStatements.Write(batch, [.. items.SelectMany(i => i.Moves)]);
            Statements.Add(batch, "commit");
            Statements.Add(batch, "begin");
        }

        if (appended.Count > 0)
            EventStatements.Write(batch, store, appended, heads, streams);
        if (link is { } changed && units[0].Fault is null)
            LinkStatements.Write(batch, changed);
        TimerStatements.Write(batch, units, timers, appended.Select(a => a.Event), store.TimersOf);
        if (appended.Count > 0)
        {
            var events = appended.ConvertAll(a => a.Event);
            foreach (var view in store.Views)
                view.Apply(events, batch);
        }

        foreach (var item in items)
            item.Effects?.Invoke(batch);
        var writes = batch.BatchCommands.Count > 0 || items.Any(i => i.MovesAnyway);
        if (writes && !PlantedBug.Is(Bug.OffsetBeforeEffects))
            OffsetStatements.Write(batch, [.. items.SelectMany(i => i.Moves)]);
        if (isDecidedFirst)
            HeadStatements.BeginUnmoved(batch, remembered, linksOf, asksParked);
        else if (units.Count == 0)
            batch.BatchCommands.Insert(0, new NpgsqlBatchCommand("begin"));

        // Places that records without any effect moved are not worth a flush: the consumer saves them with its next work.
        Statements.Add(batch, writes ? "commit" : "rollback");
        foreach (var item in items)
            item.WroteNothing = !writes;
        Remember();
    }

    private void Remember()
    {
        // Where commands go changes with a link, so nothing that was known of its customers is taken for granted.
        if (link is not null)
            memory.Forget(heads.Keys);
        else
            memory.Remember(heads, linksOf, streams.Values.Select(s => (s, store.PartitionOf(s.Customer))), metRepeat);
    }

    private void Decide(UnitOfWork unit)
    {
        // A repeated transaction decides anew.
        unit.Fired = false;
        unit.Fault = unit.FaultsParkCustomer && faulted.Contains(unit.Customer) ? new BehindAnotherException() : null;
        if (unit.Fault is not null)
            return;
        if (unit.Timer is { } timer && !timers.IsDue(timer))
        {
            Array.Fill(unit.Results, new CommandResult(null, false, 0, []));
            return;
        }

        if (unit.AsksParked && unit.Commands.Any(c => parked.Contains(c.Customer) || parked.Contains(RootOf(c))))
        {
            Array.Fill(unit.Results, new CommandResult(new CustomerParked("see the service's parked records"), false, 0, []));
            return;
        }

        var undo = new List<(LoadedStream Stream, object State, int Version, int History)>();
        var before = appended.Count;
        var mark = timers.Mark;
        try
        {
            if (unit.Timer is { } firing)
                timers.Fired(firing);
            if (refused is not null)
                ExceptionDispatchInfo.Throw(refused);
            if (Other(unit) is { } other)
                throw new OtherParkedException(other);
            for (var i = 0; i < unit.Commands.Count; i++)
            {
                var command = Route(unit.Commands[i]);
                var stream = streams[command.Stream];
                undo.Add((stream, stream.State, stream.Version, stream.History.Count));
                unit.Results[i] = command.LapsesWhenMerged && command.Customer != unit.Commands[i].Customer
                    ? new CommandResult(null, false, stream.Version, [])
                    : Decide(command, stream, unit.Customer);
                if (!unit.RefusedTogether || unit.Results[i].Accepted)
                    continue;
                Array.Fill(unit.Results, unit.Results[i]);
                mayBeRepeat |= unit.Commands.Any(c => c.IdempotencyKey is not null);
                Undo(undo, before, mark);
                return;
            }

            unit.Fired = unit.Timer is not null;
        }
#pragma warning disable CA1031 // Whatever a decision throws concerns its own unit, never its batch mates.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            Undo(undo, before, mark);
            unit.Fault = fault;
            mayBeRepeat |= unit.Commands.Any(c => c.IdempotencyKey is not null);
            if (unit.FaultsParkCustomer)
                faulted.Add(unit.Customer);
        }
    }

    private void Undo(List<(LoadedStream Stream, object State, int Version, int History)> undo, int before, int mark)
    {
        for (var i = undo.Count - 1; i >= 0; i--)
        {
            (undo[i].Stream.State, undo[i].Stream.Version) = (undo[i].State, undo[i].Version);
            undo[i].Stream.History.RemoveRange(undo[i].History, undo[i].Stream.History.Count - undo[i].History);
        }

        foreach (var (happened, key) in appended.Skip(before).Reverse())
        {
            heads[happened.Partition] = happened.Position - 1;
            if (key is { } used)
                keys.Remove(used);
        }

        timers.BackTo(mark);
        appended.RemoveRange(before, appended.Count - before);
    }

    private CommandResult Decide(Command command, LoadedStream stream, Guid cause)
    {
        if (command.IdempotencyKey is { } key && keys.TryGetValue(key, out var earlier) && !PlantedBug.Is(Bug.IdempotencyKeyIgnored))
        {
            metRepeat = true;
            return new CommandResult(null, true, earlier.Version, [earlier]);
        }

        if (command.ExpectedVersion is { } expected && expected != stream.Version && !PlantedBug.Is(Bug.ExpectedVersionIgnored))
        {
            mayBeRepeat |= command.IdempotencyKey is not null;
            return new CommandResult(new VersionConflict(expected, stream.Version), false, stream.Version, []);
        }

        var beside = command.Beside is { } id ? streams[command.Kind.StreamOf(id)] : null;
        IReadOnlyList<RecordedEvent> history = beside is null || !command.NeedsHistory
            ? stream.History
            : [.. stream.History.Concat(beside.History).DistinctBy(e => (e.Stream, e.Version))];
        var decision = command.Decide(stream.State, new Surroundings(stream.Id, history, beside?.State));
        if (decision.Refusal is not null || decision.Events is null or { Count: 0 })
        {
            mayBeRepeat |= command.IdempotencyKey is not null;
            return new CommandResult(decision.Refusal, false, stream.Version, []);
        }

        var recorded = new RecordedEvent[decision.Events.Count];
        var partition = store.PartitionOf(command.Customer);

        // What was seen of the partition of the cause says nothing of another partition.
        var metadata = command.Metadata.Watermarks is null || partition == store.PartitionOf(cause)
            ? command.Metadata
            : command.Metadata with { Watermarks = null };
        for (var i = 0; i < recorded.Length; i++)
        {
            var happened = decision.Events[i];
            heads[partition] = PlantedBug.Is(Bug.HeadLockDropped) ? PlantedBug.TakeUnlocked(partition, heads[partition]) : heads[partition] + 1;
            recorded[i] = new RecordedEvent(
                partition, heads[partition], command.Stream, command.Customer, ++stream.Version, now, happened, metadata);
            stream.State = stream.Kind.Evolve(stream.State, happened);
            if (stream.KeepsHistory)
                stream.History.Add(recorded[i]);
            timers.Happened(recorded[i]);
            appended.Add((recorded[i], i == 0 ? command.IdempotencyKey : null));
        }

        if (command.IdempotencyKey is { } used)
            keys.TryAdd(used, recorded[0]);
        return new CommandResult(null, false, stream.Version, recorded);
    }
}
