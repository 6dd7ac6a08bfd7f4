using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Projections;

namespace Patron.Runtime.Processing;

/// <summary>A running service: its store, its readers and relay, its timers. One per service in a process, keyed by the service's name.</summary>
public sealed partial class ServiceRuntime : IAsyncDisposable
{
    private readonly RuntimeSettings settings;
    private readonly ServiceDatabase databases;
    private readonly StoreContext store;
    private readonly WriterLane[] lanes;
    private readonly List<IDrains> workers = [];
    private readonly ServiceLoops loops;
    private readonly ILoggerFactory logs;
    private readonly BusinessClock clock;
    private readonly IEventLog eventLog;

    // Leased, but not yet read and relayed: kept over a failure in between, for the next renewal.
    private Dictionary<int, long> toAcquire = [];
    private long activity;
    private StoreLife? life;
    private int disposed;

    internal ServiceRuntime(
        ServiceDefinition definition, ServiceDatabase databases, IEventLog eventLog, RuntimeSettings settings, BusinessClock clock, ILoggerFactory logs)
    {
        (Definition, this.databases, this.eventLog, this.settings, this.clock, this.logs) = (definition, databases, eventLog, settings, clock, logs);
        var log = logs.CreateLogger($"Patron.{definition.Name}");
        store = new StoreContext(databases, definition.Events, definition.Views, definition.Timers, definition.Handovers, settings.Partitions, clock);
        lanes = [.. Enumerable.Range(0, settings.Lanes)
            .Select(_ => new WriterLane(store, definition.Name, settings.UnitsPerTransactionMax, settings.LaneStateBytesMax, log) { Told = Committed })];
        loops = new ServiceLoops(definition.Name, log);
    }

    public ServiceDefinition Definition { get; }

    /// <summary>Connections whose search path is the service's own schema: for its read models and tables.</summary>
    public NpgsqlDataSource Database => databases.Any;

    /// <summary>Why the service does not do its work, a sentence each; empty while all is well.</summary>
    public IReadOnlyList<string> Troubles =>
    [
        .. loops.Faults,
        .. Projections?.Troubles ?? [],
        .. Consumer?.Partitions.Where(p => p.Stopped is not null).Select(p => $"Partition {p.Number} of {Definition.Name} stopped: {p.Stopped}") ?? [],
    ];

    /// <summary>True when nothing is under way or waiting: relay, readers, lanes, due timers and registered work.</summary>
    public bool IsIdle =>
        lanes.All(l => l.IsIdle) && Relay is { IsIdle: true } && Timers is { IsIdle: true } && workers.TrueForAll(w => w.IsIdle)
        && Consumer is { IsIdle: true };

    /// <summary>True when, besides, every view shows what was decided. Views decide nothing, so business time need not wait for them.</summary>
    public bool IsCaughtUp => IsIdle && Projections?.Runners.All(r => r.IsIdle) != false;

    /// <summary>The earliest timer, in business time; <see cref="DateTimeOffset.MaxValue"/> when none is set.</summary>
    public DateTimeOffset NextDue => Timers?.NextDue ?? DateTimeOffset.MinValue;

    /// <summary>Grows with every commit: equal before and after a look means that nothing happened between.</summary>
    public long Activity => Interlocked.Read(ref activity);

    /// <summary>The life of this store; known once started.</summary>
    public Guid StoreEpoch => life?.Epoch ?? Guid.Empty;

    /// <summary>The partitions that this instance reads at the moment; of others, what it keeps in memory may be old.</summary>
    public IReadOnlyList<int> OwnedPartitionNumbers => [.. OwnedPartitions.Select(partition => partition.Number)];

    internal IReadOnlyCollection<OwnedPartition> OwnedPartitions => Consumer?.Partitions ?? [];

    private Relay? Relay { get; set; }
    private ConsumerRunner? Consumer { get; set; }
    private TimerRunner? Timers { get; set; }
    private PartitionLeases? Leases { get; set; }

    /// <summary>
    /// Runs a command in the writer lane of its customer's partition and returns when the result is durable. A retry after a fault is safe
    /// with an idempotency key; without one the caller must look whether the first try was committed.
    /// </summary>
    public async Task<CommandResult> ExecuteAsync(Command command, CancellationToken cancellation) =>
        (await ExecuteAsync([command], cancellation))[0];

    /// <summary>Runs many commands, each by itself, in as few transactions as possible; results in the same order.</summary>
    public async Task<IReadOnlyList<CommandResult>> ExecuteAsync(IReadOnlyList<Command> commands, CancellationToken cancellation)
    {
        var current = System.Diagnostics.Activity.Current;
        var results = new CommandResult[commands.Count];
        var units = new List<(int Index, UnitOfWork Unit)>();
        for (var i = 0; i < commands.Count; i++)
        {
            var command = commands[i];
            if (command.Metadata == EventMetadata.None && current?.Id is { } trace)
                command = command with { Metadata = new EventMetadata { TraceParent = trace } };
            units.Add((i, new UnitOfWork([command]) { AsksParked = true }));
        }

        var items = new List<WorkItem>();
        foreach (var lane in units.GroupBy(u => LaneIndexOf(store.PartitionOf(commands[u.Index].Customer))))
        {
            var item = new WorkItem([.. lane.Select(u => u.Unit)]) { Cause = current?.Context ?? default };
            await lanes[lane.Key].EnqueueAsync(item, cancellation);
            items.Add(item);
        }

        foreach (var item in items)
            await item.Done.WaitAsync(cancellation);
        foreach (var (index, unit) in units)
        {
            if (unit.Fault is { } fault)
                ExceptionDispatchInfo.Throw(fault);
            results[index] = unit.Results[0];
        }

        return results;
    }

    /// <summary>The customer to whom everything of this one belongs now: another one after a merge, mostly itself.</summary>
    public async Task<Guid> RootAsync(Guid customer, CancellationToken cancellation)
    {
        await using var command = Database.CreateCommand("select root_of($1)");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = customer });
        return (Guid)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>The state of a stream, or null when it has no events. After a merge the stream of a customer is that of the other one.</summary>
    public async Task<TState?> StateAsync<TState>(StreamKind<TState> kind, Guid stream, CancellationToken cancellation)
        where TState : class
    {
        await using var command = Database.CreateCommand("select shape, state, stream from streams where stream = root_of($1)");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = stream });
        await using (var row = await command.ExecuteReaderAsync(cancellation))
        {
            if (!await row.ReadAsync(cancellation))
                return null;
            if (row.GetInt32(0) == kind.Shape)
                return (TState)kind.Read(row.GetString(1));
            stream = row.GetGuid(2);
        }

        return kind.Fold((await ReadStreamAsync(stream, cancellation)).Select(e => e.Event));
    }

    /// <summary>A stream's events in order; empty when there are none.</summary>
    public Task<IReadOnlyList<RecordedEvent>> ReadStreamAsync(Guid stream, CancellationToken cancellation) => store.Reader.StreamAsync(stream, cancellation);

    /// <summary>At most <paramref name="eventsMax"/> of a stream's events after a version, in order.</summary>
    public Task<IReadOnlyList<RecordedEvent>> ReadStreamAsync(Guid stream, int after, int eventsMax, CancellationToken cancellation) =>
        store.Reader.StreamAsync(stream, after, eventsMax, cancellation);

    /// <summary>The events of all streams of a customer, in the order of their positions.</summary>
    public Task<IReadOnlyList<RecordedEvent>> ReadCustomerAsync(Guid customer, CancellationToken cancellation) =>
        store.Reader.CustomerAsync(customer, cancellation);

    /// <summary>Brings the schema up to date. Safe to repeat and in several processes at once.</summary>
    public Task MigrateAsync(CancellationToken cancellation) =>
        Migrations.ApplyAsync(
            Database,
            Definition.Name,
            settings.Partitions,
            Definition.Projections.Count == 0 ? Definition.Migrations : [ProjectionRegistry.Migration, .. Definition.Migrations],
            cancellation);

    internal async Task StartAsync(CancellationToken cancellation)
    {
        if (settings.MigrateAtStart)
            await MigrateAsync(cancellation);
        var topics = Definition.Publications.Select(p => p.Topic).Concat(Definition.Subscriptions.Select(s => s.Topic))
            .Concat(Definition.Projections.SelectMany(p => p.Topics)).Distinct().ToList();
        var incarnation = await eventLog.OpenAsync(topics, cancellation);
        life = await StoreLife.ReadAsync(Database, cancellation);
        await life.CheckAsync(Database, Definition.Name, eventLog, Definition.Publications.Select(p => p.Topic), cancellation);

        var log = logs.CreateLogger($"Patron.{Definition.Name}");
        var limits = new ConsumerLimits { NewlyParkedMax = settings.NewlyParkedMax };
        Relay = new Relay(Database, store.Reader, eventLog, Definition, life, log);
        Consumer = new ConsumerRunner(Database, eventLog, Definition, LaneOf, limits, log);
        Timers = new TimerRunner(Database, Definition, clock, LaneOf, Consumer.Park, log);
        var instance = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
        Leases = new PartitionLeases(Database, Definition.Name, instance, settings.LeaseDuration, log);
        Projections = ServiceProjections.Open(Definition, Database, store.Reader, eventLog, incarnation, life.Epoch, instance, settings, log);
        clock.Advanced += OnAdvanced;
        LagGauges.Watch(this);

        foreach (var lane in lanes)
            loops.Start("writer lane", lane.RunAsync, untilLanes: true);
        await RenewAsync(incarnation, cancellation);
        loops.Start("relay", Relay.RunAsync, untilLanes: true);
        loops.Start("consumer", token => WhenTimeIsKnownAsync(Consumer.RunAsync, token));
        loops.Start("timers", token => WhenTimeIsKnownAsync(Timers.RunAsync, token));
        foreach (var runner in Projections.Runners)
            loops.Start($"projection {runner.Projection.Name}", runner.RunAsync);
        loops.Start("leases", token => KeepLeasesAsync(incarnation, token));
    }

    /// <summary>May be called twice: the container knows the service by its name and as one of all.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 1)
            return;
        LagGauges.Forget(this);
        await loops.DisposeAsync();
        foreach (var lane in lanes)
            lane.Dispose();
        Relay?.Dispose();
        Timers?.Dispose();
        if (Projections is not null)
            await Projections.DisposeAsync();
        if (Consumer is not null)
            await Consumer.DisposeAsync();
        await databases.DisposeAsync();
    }

    private WriterLane LaneOf(int partition) => lanes[LaneIndexOf(partition)];
    private int LaneIndexOf(int partition) =>
        (PlantedBug.Is(Bug.LanesOverlap) ? (int)(TimeProvider.System.GetTimestamp() % 1_000_003) : partition) % lanes.Length;

    private void OnAdvanced(DateTimeOffset now) => Timers?.Advanced();

    private void Committed(IEnumerable<RecordedEvent> appended)
    {
        Interlocked.Increment(ref activity);
        Relay?.Committed(appended);
        Timers?.Committed(appended);
        Projections?.Committed(appended);
    }

    private async Task KeepLeasesAsync(Guid incarnation, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await Task.Delay(Leases!.RenewEvery, TimeProvider.System, cancellation);
            try
            {
                await RenewAsync(incarnation, cancellation);
            }
            catch (Exception fault) when (fault is NpgsqlException { IsTransient: true } or EventLogException)
            {
                loops.LogTransient("leases", fault);
            }
        }
    }

    private async Task RenewAsync(Guid incarnation, CancellationToken cancellation)
    {
        var (gained, lost) = await Leases!.RenewAsync(partitions => ReleaseAsync(partitions, cancellation), cancellation);
        toAcquire = toAcquire.Where(p => !lost.Contains(p.Key)).Concat(gained).ToDictionary();
        if (lost.Count > 0)
            await ReleaseAsync(lost, cancellation);
        if (toAcquire.Count > 0)
        {
            await life!.VerifyAsync(Database, cancellation);
            await Relay!.AcquireAsync(toAcquire, incarnation, cancellation);
            await Consumer!.AcquireAsync(toAcquire, incarnation, cancellation);
        }

        if (toAcquire.Count + lost.Count > 0)
            Timers!.Own(Leases.Owned.Keys);
        toAcquire = [];
    }

    private async Task ReleaseAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellation)
    {
        await Consumer!.ReleaseAsync(partitions, cancellation);
        await Relay!.ReleaseAsync(partitions, cancellation);
    }
}
