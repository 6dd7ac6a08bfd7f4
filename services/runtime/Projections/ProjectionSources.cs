using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Runtime.Projections;

/// <summary>How far a generation has read: (source, partition) to what is applied.</summary>
internal sealed class GenerationPlaces : Dictionary<(string Source, int Partition), TopicPlace>
{
    /// <summary>True when nothing that <paramref name="other"/> has applied is missing here, as far as both read the same.</summary>
    public bool Cover(GenerationPlaces other) => this.All(p => !other.TryGetValue(p.Key, out var seen) || p.Value.NextOffset >= seen.NextOffset);
}

/// <summary>Records to apply in one transaction, and where their sources then stand.</summary>
/// <param name="Only">The record, when there is one only.</param>
internal sealed record Slice(GenerationPlaces Places, int Records, SkippedRecord? Only, Action<NpgsqlBatch> Write)
{
    /// <summary>Where what is written follows from rows that have to be read first: answers what to write instead.</summary>
    public Func<NpgsqlConnection, CancellationToken, Task<Action<NpgsqlBatch>>>? Fold { get; init; }
}

/// <summary>What one generation reads from. Used by one task, but for <see cref="KnownEnd"/>.</summary>
internal interface IProjectionSource : IAsyncDisposable
{
    IReadOnlyList<string> Names { get; }

    /// <summary>Reading goes on from here.</summary>
    void Start(GenerationPlaces places);

    /// <summary>Looks at what has to be known before reading; called once, before <see cref="Start"/>.</summary>
    /// <param name="skips">Records to leave out.</param>
    Task PrepareAsync(IReadOnlySet<SkippedRecord> skips, CancellationToken cancellation);

    /// <summary>The next records after these places, about <paramref name="recordsMax"/>; null when none came within <paramref name="wait"/>.</summary>
    /// <exception cref="StoreRestoredException">What is next contradicts what these places stand for.</exception>
    Task<Slice?> ReadAsync(GenerationPlaces places, int recordsMax, TimeSpan wait, CancellationToken cancellation);

    /// <summary>The end as this process knows it, at once; null when unknown.</summary>
    long? KnownEnd(string source, int partition);

    /// <summary>The end right now of each partition.</summary>
    Task<IReadOnlyList<long>> EndsAsync(string source, CancellationToken cancellation);
}

/// <summary>The last position of each partition of the service's store, from its own commits and from looking.</summary>
internal sealed class StoreHeads(NpgsqlDataSource database, int partitions)
{
    private readonly long[] heads = new long[partitions];
    private volatile bool looked;

    public long? this[int partition] => looked ? Volatile.Read(ref heads[partition]) : null;

    public void Raise(int partition, long position)
    {
        var seen = Volatile.Read(ref heads[partition]);
        while (seen < position && Interlocked.CompareExchange(ref heads[partition], position, seen) is var found && found != seen)
            seen = found;
    }

    /// <summary>Other instances append too, and nobody here is told.</summary>
    public async Task<IReadOnlyList<long>> LookAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select partition, position from heads");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            Raise(row.GetInt16(0), row.GetInt64(1));
        looked = true;
        return [.. Enumerable.Range(0, heads.Length).Select(p => Volatile.Read(ref heads[p]))];
    }
}

/// <summary>
/// The service's own store by position. The place of a partition is the position applied last: positions are gapless and in commit order.
/// </summary>
internal sealed class StoreSource(EventReader events, StoreHeads heads, Guid storeEpoch, Pulse committed, Projection projection) : IProjectionSource
{
    /// <summary>After a commit others follow at once: a view takes them together rather than one transaction each.</summary>
    private static readonly TimeSpan GatherFor = TimeSpan.FromMilliseconds(50);

    private IReadOnlySet<SkippedRecord> skipped = new HashSet<SkippedRecord>();

    public IReadOnlyList<string> Names { get; } = [ReaderLag.Store];

    public Task PrepareAsync(IReadOnlySet<SkippedRecord> skips, CancellationToken cancellation)
    {
        skipped = skips;
        return Task.CompletedTask;
    }

    public void Start(GenerationPlaces places)
    {
    }

    public long? KnownEnd(string source, int partition) => heads[partition];

    public Task<IReadOnlyList<long>> EndsAsync(string source, CancellationToken cancellation) => heads.LookAsync(cancellation);

    public async Task<Slice?> ReadAsync(GenerationPlaces places, int recordsMax, TimeSpan wait, CancellationToken cancellation)
    {
        if (places.Values.FirstOrDefault(p => p.StoreEpoch is { } former && former != storeEpoch) is { StoreEpoch: { } epoch })
            throw new StoreRestoredException(epoch, storeEpoch);
        var behind = Behind(places);
        if (behind.Count == 0)
        {
            if (wait <= TimeSpan.Zero)
                return null;
            if (await committed.WaitAsync(wait, cancellation))
                await Task.Delay(GatherFor, TimeProvider.System, cancellation);
            else
                await heads.LookAsync(cancellation);
            behind = Behind(places);
            if (behind.Count == 0)
                return null;
        }

        // At least one event of each, or a partition would be left behind for ever.
        if (behind.Count > recordsMax)
            behind = behind[..recordsMax];
        var read = await events.AfterAsync(behind, Math.Max(1, recordsMax / behind.Count), cancellation);
        if (read.Count == 0)
            return null;
        var moved = new GenerationPlaces();
        foreach (var last in read.GroupBy(e => e.Partition, (_, of) => of.Last()))
            moved[(ReaderLag.Store, last.Partition)] = new TopicPlace(last.Position, storeEpoch, last.Position);
        var shown = read.Where(e => !skipped.Contains(new SkippedRecord(ReaderLag.Store, e.Partition, e.Position))).ToList();
        var only = read.Count == 1 ? new SkippedRecord(ReaderLag.Store, read[0].Partition, read[0].Position) : (SkippedRecord?)null;
        return new Slice(moved, read.Count, only, batch =>
        {
            if (shown.Count > 0)
                projection.ApplyEvents!(shown, batch);
        });
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private List<(int Partition, long Position)> Behind(GenerationPlaces places) =>
        [.. places.Where(p => p.Value.NextOffset < heads[p.Key.Partition]).Select(p => (p.Key.Partition, p.Value.NextOffset))];
}

/// <summary>Topics of the log. Repeats are skipped by position; a record whose predecessor is missing ends the reading.</summary>
internal sealed class TopicSource(IEventLog eventLog, Projection projection) : IProjectionSource
{
    private readonly ILogReader reader = eventLog.OpenReader();
    private readonly Dictionary<string, Topic> topics = projection.Topics.ToDictionary(t => t.Name);

    private readonly Dictionary<(string Topic, int Partition), (long Offset, Envelope Envelope)> tails = [];
    private IReadOnlySet<SkippedRecord> skipped = new HashSet<SkippedRecord>();
    private bool? fromBeginning;
    private IFactFold? fold;

    public IReadOnlyList<string> Names => [.. topics.Keys];

    /// <summary>The last facts say which lives of their stores count: what those no longer know is left out from the beginning.</summary>
    public async Task PrepareAsync(IReadOnlySet<SkippedRecord> skips, CancellationToken cancellation)
    {
        skipped = skips;
        foreach (var topic in topics.Values)
        {
            foreach (var (partition, last) in await LogTails.ReadAsync(eventLog, topic, cancellation))
                tails[(topic.Name, partition)] = last;
        }
    }

    public void Start(GenerationPlaces places)
    {
        // After a step that failed, what it had folded is forgotten with it.
        fold = projection.OpenFold?.Invoke();
        fromBeginning ??= places.Values.All(p => p is { NextOffset: 0, Position: 0 });
        // A customer's facts of all topics come together, so that what is folded is read and written once for them.
        foreach (var ((source, partition), place) in places.OrderBy(p => p.Key.Partition))
            reader.Assign(topics[source], partition, place.NextOffset);
    }

    public long? KnownEnd(string source, int partition) => eventLog.KnownEnd(topics[source], partition);

    public async Task<IReadOnlyList<long>> EndsAsync(string source, CancellationToken cancellation) =>
        await eventLog.EndOffsetsAsync(topics[source], cancellation);

    public async Task<Slice?> ReadAsync(GenerationPlaces places, int recordsMax, TimeSpan wait, CancellationToken cancellation)
    {
        var batches = await reader.ReadAsync(recordsMax, wait, cancellation);
        if (batches.Count == 0)
            return null;
        var moved = new GenerationPlaces();
        var facts = new List<ConsumedFact>();
        foreach (var batch in batches)
        {
            var key = (batch.Topic.Name, batch.Partition);
            var place = moved.GetValueOrDefault(key, places[key]);
            foreach (var read in batch.Records)
                place = Take(batch, read, place, facts);
            moved[key] = place with { NextOffset = batch.NextOffset };
        }

        var shown = facts.Where(f => !skipped.Contains(Name(f.Context))).ToList();
        return new Slice(moved, facts.Count, facts is [var only] ? Name(only.Context) : null, transaction =>
        {
            if (shown.Count > 0)
                projection.ApplyFacts?.Invoke(shown, transaction);
        })
        {
            Fold = fold is { } opened && shown.Count > 0 ? (connection, token) => opened.FoldAsync(shown, connection, token) : null,
        };
    }

    public ValueTask DisposeAsync() => reader.DisposeAsync();

    private static SkippedRecord Name(FactContext fact) => new(fact.Topic, fact.Partition, fact.Envelope.Position);

    private TopicPlace Take(LogBatch batch, ReadRecord read, TopicPlace place, List<ConsumedFact> facts)
    {
        var at = $"{batch.Topic.Name}[{batch.Partition}]@{read.Offset}";
        if (!Guid.TryParseExact(read.Record.Key, "D", out var customer) || !Envelope.TryRead(read.Record.Headers, out var envelope, out _))
            throw new InvalidDataException($"{at} is not a fact of Patron.");
        // Up to the end as it was looked at, that end decides what counts; what comes later speaks for itself.
        var looked = tails.TryGetValue((batch.Topic.Name, batch.Partition), out var last) && read.Offset <= last.Offset;
        var judge = looked ? last.Envelope : envelope;
        if (!judge.Knows(envelope.StoreEpoch, envelope.Position))
            return place with { NextOffset = read.Offset + 1 };
        var isOtherLife = place.StoreEpoch is { } known && known != envelope.StoreEpoch;
        if (isOtherLife && !judge.Knows(place.StoreEpoch!.Value, place.Position))
            throw new StoreRestoredException(at, envelope, place);
        if (place.StoreEpoch is not null && envelope.Position <= place.Position)
            return looked ? place : place with { StoreEpoch = envelope.StoreEpoch };

        // What was left out for another life may count in this one: also records of the place's own life, where it was left out under an end
        // that a later restore has taken back. Begun anew under the end as it is, a generation leaves nothing out that counts.
        var isWhole = batch.Topic.Compacted ? !isOtherLife : envelope.Follows(place.Position);
        var wasLeftOut = isOtherLife || (looked && judge.StoreEpoch != place.StoreEpoch);
        if (!isWhole && wasLeftOut && !(looked && fromBeginning == true))
            throw new StoreRestoredException(at, envelope, place);
        if (!isWhole && !batch.Topic.Compacted)
        {
            throw new InvalidDataException(
                $"{at} follows position {envelope.Previous} and {place.Position} was applied last: have the relay of {envelope.Source} resend what was lost.");
        }

        var metadata = new EventMetadata { TraceParent = envelope.TraceParent, Backfill = envelope.Backfill };
        facts.Add(new ConsumedFact(new FactContext(customer, batch.Topic.Name, batch.Partition, read.Offset, envelope, metadata), read.Record.Value));
        return new TopicPlace(read.Offset + 1, envelope.StoreEpoch, envelope.Position);
    }
}
