using System.Buffers;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Segmentation.Snapshots;

/// <summary>
/// Keeps the columns of owned partitions in a folder, a file each: now and then, and when a partition is given up. One partition at a time is
/// copied and written, so that the copies take the memory of one. A snapshot that cannot be used is told of and passed over: the log has all of it.
/// </summary>
internal sealed partial class SnapshotKeeper(
    SegmentationSettings settings, SegmentEngine engine, SystemClock systemTime, Func<ServiceRuntime> service, ILogger<SnapshotKeeper> log)
{
    /// <summary>Files of partitions that went elsewhere are deleted after this; the columns of an erased customer could be in them.</summary>
    public static readonly TimeSpan ForeignKeptFor = TimeSpan.FromDays(7);

    private readonly byte[] key = settings.OpenSnapshotKey();
    private readonly Dictionary<int, (long At, SnapshotPlace Place)> kept = [];
    private readonly ArrayBufferWriter<byte> copy = new();
    private Task writing = Task.CompletedTask;

    private bool IsOn => settings.SnapshotFolder.Length > 0;

    /// <summary>Copies a partition if it is due and none is being written; the file follows. One that is given up is written before this returns.</summary>
    public async Task RestAsync(RestingPartition partition, CancellationToken cancellation)
    {
        if (!IsOn || (!partition.IsLeaving && (!writing.IsCompleted || !IsDue(partition.Number))))
            return;
        await writing;

        // What is parked is applied after its place, and a snapshot of that place would leave it out for ever: the one before is right.
        var place = PlaceOf(partition.Place);
        if (partition.HasParked || (kept.TryGetValue(partition.Number, out var last) && !HasMoved(last, place)))
            return;
        copy.ResetWrittenCount();
        engine.Keep(partition.Number, new SnapshotCopy(copy));
        kept[partition.Number] = (systemTime.GetTimestamp(), place);
        writing = WriteAsync(place, partition.IsLeaving ? cancellation : CancellationToken.None);
        if (partition.IsLeaving)
            await writing;
    }

    /// <summary>The partition as its snapshot has it and how far that goes, or null when there is none that can be used.</summary>
    public async Task<(SegmentedPartition Partition, SnapshotPlace Place)?> LoadAsync(AcquiredPartition acquired, CancellationToken cancellation)
    {
        // Somebody else may have had it in between.
        kept.Remove(acquired.Partition);
        var path = PathOf(acquired.Partition);
        if (!IsOn || !File.Exists(path))
            return null;
        try
        {
            var now = PlaceOf(acquired);
            var (place, bytes) = await SnapshotFile.ReadAsync(path, key, found => found.WhyNot(now), cancellation);
            var (partition, content) = (engine.NewPartition(), new SnapshotContent(bytes));
            partition.Keep(content);
            content.End();
            kept[acquired.Partition] = (systemTime.GetTimestamp(), place);
            return (partition, place);
        }
        catch (SnapshotException fault)
        {
            LogUnusable(log, path, fault.Message, acquired.Partition);
        }
        catch (Exception fault) when (IsOfTheDisk(fault))
        {
            LogUnreadable(log, path, acquired.Partition, fault);
        }

        return null;
    }

    private static bool IsOfTheDisk(Exception fault) => fault is IOException or UnauthorizedAccessException;

    private string PathOf(int partition) => Path.Combine(settings.SnapshotFolder, $"segments-{partition}.snapshot");

    private SnapshotPlace PlaceOf(AcquiredPartition applied) => SnapshotPlace.Of(applied, service().StoreEpoch, engine.PartitionCount, settings.Zone);

    private bool IsDue(int partition) =>
        !kept.TryGetValue(partition, out var last) || systemTime.GetElapsedTime(last.At) >= settings.SnapshotEvery;

    /// <summary>Also true of a file that would otherwise be taken for a foreign one.</summary>
    private bool HasMoved((long At, SnapshotPlace Place) last, SnapshotPlace now) =>
        systemTime.GetElapsedTime(last.At) > ForeignKeptFor / 7
        || now.Topics.Any(topic => last.Place.Topics.GetValueOrDefault(topic.Key) != topic.Value);

    private async Task WriteAsync(SnapshotPlace place, CancellationToken cancellation)
    {
        await Task.Yield();
        try
        {
            Directory.CreateDirectory(settings.SnapshotFolder);
            await SnapshotFile.WriteAsync(PathOf(place.Partition), place, copy.WrittenMemory, key, cancellation);
            DeleteForeign();
        }
        catch (Exception fault) when (IsOfTheDisk(fault))
        {
            LogUnwritten(log, place.Partition, settings.SnapshotFolder, fault);
        }
    }

    /// <summary>Files that nobody has renewed for long, and what a killed process left half written.</summary>
    private void DeleteForeign()
    {
        var before = (systemTime.GetUtcNow() - ForeignKeptFor).UtcDateTime;
        foreach (var file in new DirectoryInfo(settings.SnapshotFolder).EnumerateFiles("segments-*.snapshot*").Where(file => file.LastWriteTimeUtc < before))
            file.Delete();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The snapshot {Path} {Reason}; partition {Partition} is read from the log instead.")]
    private static partial void LogUnusable(ILogger log, string path, string reason, int partition);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The snapshot {Path} cannot be read; partition {Partition} is read from the log instead.")]
    private static partial void LogUnreadable(ILogger log, string path, int partition, Exception fault);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The snapshot of partition {Partition} cannot be written to {Folder}; the one before stays, and it is tried again later.")]
    private static partial void LogUnwritten(ILogger log, int partition, string folder, Exception fault);
}
