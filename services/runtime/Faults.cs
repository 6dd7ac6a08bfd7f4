using System.Collections.Concurrent;
using System.Diagnostics;

namespace Patron.Runtime;

/// <summary>
/// Named moments at which a fault test kills or holds the process. Calls exist only in the build configuration Faults; any other build
/// leaves them out.
/// </summary>
internal static class FaultPoint
{
    public const string StoreAfterLock = "store.after-lock";
    public const string StoreBeforeCommit = "store.before-commit";
    public const string StoreAfterCommit = "store.after-commit";
    public const string ConsumeAfterClaim = "consume.after-claim";
    public const string ConsumeAfterRead = "consume.after-read";
    public const string ConsumeBeforeCommit = "consume.before-commit";
    public const string ConsumeAfterCommit = "consume.after-commit";
    public const string RelayBeforePublish = "relay.before-publish";
    public const string RelayAfterPublish = "relay.after-publish";
    public const string RelayBeforeSave = "relay.before-save";
    public const string RelayAfterSave = "relay.after-save";
    public const string LeaseAfterTake = "lease.after-take";
    public const string TimerBeforeFire = "timer.before-fire";
    public const string TimerAfterFire = "timer.after-fire";

    private static readonly AsyncLocal<Action<string>?> Watcher = new();

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        StoreAfterLock, StoreBeforeCommit, StoreAfterCommit, ConsumeAfterClaim, ConsumeAfterRead, ConsumeBeforeCommit, ConsumeAfterCommit,
        RelayBeforePublish, RelayAfterPublish, RelayBeforeSave, RelayAfterSave, LeaseAfterTake, TimerBeforeFire, TimerAfterFire,
    ];

    /// <summary>Called at every point by what is started from here on, on the thread that reaches it; it may block or not return.</summary>
    public static void Watch(Action<string>? watcher) => Watcher.Value = watcher;

    [Conditional("PATRON_FAULTS")]
    public static void Reach(string point) => Watcher.Value?.Invoke(point);
}

/// <summary>
/// Mistakes that a fault test plants, to show that its proof would notice them. Outside of the build configuration Faults
/// <see cref="Is"/> is the constant false, and what depends on it is compiled away.
/// </summary>
internal static class PlantedBug
{
#if PATRON_FAULTS
    private static readonly AsyncLocal<Bug?> Planted = new();

    public static bool Is(Bug bug) => Planted.Value == bug;

    /// <summary>Plants a bug in what is started from here on.</summary>
    public static void Plant(Bug? bug) => Planted.Value = bug;
#else
    public static bool Is(Bug bug) => false;
#endif

    private static readonly ConcurrentDictionary<int, long> Taken = [];

    /// <summary>The next position as a sequence gives it: to whoever asks first, not to whoever commits first.</summary>
    public static long TakeUnlocked(int partition, long head) => Taken.AddOrUpdate(partition, head + 1, (_, last) => Math.Max(last, head) + 1);
}

/// <summary>Each is caught by a proof of the fault tests.</summary>
internal enum Bug
{
    /// <summary>The relay is told of events before their transaction is durable.</summary>
    PublishedBeforeCommit,

    /// <summary>The reader's place is committed before the effects.</summary>
    OffsetBeforeEffects,

    /// <summary>The commit of a reader does not ask whether it still owns its partition.</summary>
    ReaderEpochIgnored,

    /// <summary>Taking a lease does not raise its epoch.</summary>
    LeaseEpochNotRaised,

    /// <summary>Positions are taken from a sequence, without the lock of the partition's head.</summary>
    HeadLockDropped,

    /// <summary>Several lanes of a process write the same partition.</summary>
    LanesOverlap,

    /// <summary>A failed transaction fails everything in it.</summary>
    BatchMatesFail,

    ExpectedVersionIgnored,

    IdempotencyKeyIgnored,

    /// <summary>A record does not have to follow the one applied last.</summary>
    PreviousIgnored,

    /// <summary>A record that was applied already is applied again.</summary>
    RepeatsApplied,

    /// <summary>Records of a restored store are read on as if nothing had happened.</summary>
    StoreEpochIgnored,

    /// <summary>A parked customer's later records are applied.</summary>
    ParkedOvertaken,

    /// <summary>A bug in a handler parks customer after customer.</summary>
    ParksWithoutBound,

    /// <summary>The relay's checkpoint moves before the records are on the log.</summary>
    CheckpointBeforePublish,

    /// <summary>A timer stays after it has fired.</summary>
    TimerStays,

    /// <summary>A timer fires an hour before its time.</summary>
    TimerFiresEarly,
}
