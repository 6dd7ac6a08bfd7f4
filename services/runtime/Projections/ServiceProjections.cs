using Microsoft.Extensions.Logging;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Runtime.Projections;

/// <summary>Where the generations of one projection get their records from.</summary>
internal sealed record ProjectionInputs(
    EventReader Events, StoreHeads Heads, IEventLog Log, Guid LogIncarnation, Guid StoreEpoch, int Partitions, Pulse Committed)
{
    public IProjectionSource Open(Projection projection) =>
        projection.ApplyEvents is not null ? new StoreSource(Events, Heads, StoreEpoch, Committed, projection) : new TopicSource(Log, projection);

    /// <summary>Offsets of a topic start again with the log; positions of the store never do.</summary>
    public Guid Incarnation(Projection projection) => projection.ApplyEvents is not null ? Guid.Empty : LogIncarnation;
}

/// <summary>The projections of a service in this process.</summary>
internal sealed class ServiceProjections(IReadOnlyList<ProjectionRunner> runners, StoreHeads heads) : IAsyncDisposable
{
    public IReadOnlyList<ProjectionRunner> Runners { get; } = runners;

    public IEnumerable<string> Troubles => Runners.Select(r => r.Stopped).OfType<string>();

    public IEnumerable<ReaderLag> Lag => Runners.SelectMany(r => r.Lag);

    public static ServiceProjections Open(
        ServiceDefinition definition,
        NpgsqlDataSource database,
        EventReader events,
        IEventLog eventLog,
        Guid incarnation,
        Guid storeEpoch,
        Guid instance,
        RuntimeSettings settings,
        ILogger log)
    {
        var heads = new StoreHeads(database, settings.Partitions);
        return new ServiceProjections(
            [.. definition.Projections.Select(p => new ProjectionRunner(
                p,
                definition.Name,
                new ProjectionRegistry(database, definition.Name, p, instance, settings.LeaseDuration),
                database,
                new ProjectionInputs(events, heads, eventLog, incarnation, storeEpoch, settings.Partitions, new Pulse()),
                settings.LeaseDuration / 3,
                log))],
            heads);
    }

    public void Committed(IEnumerable<RecordedEvent> appended)
    {
        foreach (var happened in appended)
            heads.Raise(happened.Partition, happened.Position);
        foreach (var runner in Runners)
            runner.Committed();
    }

    /// <exception cref="KeyNotFoundException">The service has no projection of this name.</exception>
    public ProjectionRunner Of(string name) => Runners.FirstOrDefault(r => r.Projection.Name == name)
        ?? throw new KeyNotFoundException($"There is no projection '{name}'.");

    public async ValueTask DisposeAsync()
    {
        foreach (var runner in Runners)
            await runner.DisposeAsync();
    }
}
