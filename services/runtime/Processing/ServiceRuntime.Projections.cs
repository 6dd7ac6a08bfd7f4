using Patron.Runtime.Projections;

namespace Patron.Runtime.Processing;

/// <summary>Views that follow, and how far everything that follows has come.</summary>
public sealed partial class ServiceRuntime
{
    /// <summary>How far behind each reader is: the relay, the consumer by topic, each projection's generations. Cheap; nothing is asked of the log.</summary>
    public IReadOnlyList<ReaderLag> Lag =>
        Relay is null ? [] : [Relay.LookAtLag(), .. Consumer?.Lag ?? [], .. Projections?.Lag ?? []];

    /// <summary>
    /// Builds a projection anew beside the live one, which is served until the new one has caught up. Answers at once with the generation
    /// that is being built; a repeat meanwhile answers the same.
    /// </summary>
    /// <exception cref="KeyNotFoundException">The service has no projection of this name.</exception>
    /// <exception cref="InvalidOperationException">A newer build of the service owns the projection, or the service is not started.</exception>
    public Task<Generation> RebuildAsync(string projection, CancellationToken cancellation) =>
        Following(projection).RebuildAsync(cancellation);

    /// <summary>The generations of a projection in order; while none is live its tables cannot be queried.</summary>
    /// <exception cref="KeyNotFoundException">The service has no projection of this name.</exception>
    public Task<IReadOnlyList<Generation>> GenerationsAsync(string projection, CancellationToken cancellation) =>
        Following(projection).GenerationsAsync(cancellation);

    /// <summary>Lets a projection that stopped try again, where it stopped.</summary>
    /// <exception cref="KeyNotFoundException">The service has no projection of this name.</exception>
    public void RetryProjection(string projection) => Following(projection).Retry();

    /// <summary>
    /// Leaves out the one record at which a projection stopped, now and in later rebuilds, and keeps who did and why; false when it did not
    /// stop at one record, or stopped on another instance.
    /// </summary>
    /// <exception cref="KeyNotFoundException">The service has no projection of this name.</exception>
    public Task<bool> SkipProjectedAsync(string projection, string who, string why, CancellationToken cancellation) =>
        Following(projection).SkipAsync(who, why, cancellation);

    /// <summary>Why a projection stands still, a sentence; null while it moves.</summary>
    /// <exception cref="KeyNotFoundException">The service has no projection of this name.</exception>
    public string? StoppedProjection(string projection) => Following(projection).Stopped;

    private ServiceProjections? Projections { get; set; }

    private ProjectionRunner Following(string projection) =>
        (Projections ?? throw new InvalidOperationException($"{Definition.Name} is not started.")).Of(projection);
}
