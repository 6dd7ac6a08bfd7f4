using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>
/// The versions of the programme as this instance knows them. It looks for new ones every second, and before it begins with a partition. A
/// version is put at least <see cref="Lead"/> before it comes into force, and who has lost the store for as long as that has lost its
/// partitions too: so every instance knows a version before it books a purchase that the version is for.
/// </summary>
/// <param name="seed">The document of the settings or the assembly: the first version of a store that has none.</param>
internal sealed partial class ProgrammeBook(string seed, IServiceProvider services, SystemClock clock, ILogger<ProgrammeBook> logger)
    : StoreFollower("The versions of the programme", LookEvery, clock, logger)
{
    /// <summary>Business time.</summary>
    public static readonly TimeSpan Lead = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private volatile Held held = new(ProgrammeReader.Read(seed), []);

    public ProgrammeVersions Versions => held.Versions;

    /// <summary>As they were put, ascending; empty until the store was read.</summary>
    public IReadOnlyList<StoredVersion> Stored => held.Stored;

    /// <summary>Learns everything that was committed before the call.</summary>
    public Task RefreshAsync(CancellationToken cancellation) => AloneAsync(() => ReadAsync(cancellation), cancellation);

    /// <summary>The versions once the store was read.</summary>
    public async ValueTask<ProgrammeVersions> LoadedAsync(CancellationToken cancellation)
    {
        if (held.Stored.Count == 0)
            await RefreshAsync(cancellation);
        return held.Versions;
    }

    protected override Task LookAsync(CancellationToken cancellation) => RefreshAsync(cancellation);

    private async Task ReadAsync(CancellationToken cancellation)
    {
        var database = services.PatronService(Module.Name).Database;
        var known = held.Stored;
        var newer = await ProgrammeTable.AfterAsync(database, known.Count == 0 ? 0 : known[^1].Version, cancellation);
        if (known.Count + newer.Count == 0)
        {
            await ProgrammeTable.TryAddAsync(database, First(), cancellation);
            newer = await ProgrammeTable.AfterAsync(database, 0, cancellation);
        }

        if (newer.Count == 0)
            return;
        if (known.Count == 0 && newer[0].Document != seed)
            LogOther(Logger, newer[0].Version);
        var all = known.Concat(newer).ToList();
        held = new(new([.. held.Versions.All.Where(_ => known.Count > 0), .. newer.Select(Open)]), all);
    }

    private static ProgrammeVersion Open(StoredVersion stored) =>
        new(ProgrammeReader.Read(stored.Document), stored.EffectiveFrom ?? DateTimeOffset.MinValue);

    private StoredVersion First() => new(
        ProgrammeReader.Read(seed).Version, null, seed, services.GetRequiredService<BusinessClock>().GetUtcNow(), "settings");

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning,
        Message = "Version {Version} of the programme in the store is not the document of the settings, which counts no more: put changes by HTTP")]
    private static partial void LogOther(ILogger logger, int version);

    private sealed record Held(ProgrammeVersions Versions, IReadOnlyList<StoredVersion> Stored);
}
