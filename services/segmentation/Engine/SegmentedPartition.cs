using Patron.Contracts.Segmentation.V1;
using Patron.Runtime.EventStore;
using Patron.Segmentation.Snapshots;

namespace Patron.Segmentation;

/// <summary>
/// The columns of a partition, and per segment a bitmap of the memberships that were last commanded. A command is only worth issuing where
/// a bitmap and the evaluation differ; so most facts cost no row.
/// <para>
/// The bitmaps can be ahead of the store when a transaction is lost. The runtime then loads the partition again, and a fact or a scan that
/// comes again issues its commands again whatever the bitmaps say. Commands are differences to the stored memberships, decided under the
/// stream's lock: one too many changes nothing.
/// </para>
/// </summary>
internal sealed partial class SegmentedPartition(CodeBooks books, BrandDays days, Explanation explanation)
{
    private readonly Lock guard = new();
    private readonly PartitionColumns columns = new(books, days);
    private readonly SegmentsInForce segments = new(explanation);
    private readonly Dictionary<Guid, long> linked = [];
    private readonly Dictionary<Guid, long> versions = [];
    private readonly HashSet<int> away = [];
    private DateTimeOffset lastScanDue = DateTimeOffset.MinValue;
    private ulong[] lastScanChanged = [];
    private int scannedDay;
    private bool scansCommanded;

    /// <summary>The moment that evaluations keep to.</summary>
    public DateTimeOffset AsOf
    {
        get
        {
            lock (guard)
                return columns.AsOf;
        }
    }

    /// <summary>The columns, to be copied or put back; memberships and links stand in the store. Locked for as long as copying memory takes.</summary>
    public void Keep(SnapshotFields fields)
    {
        lock (guard)
            columns.Keep(fields);
    }

    /// <summary>While loading: the customer is in the segment.</summary>
    public void Restore(Guid customer, string segment)
    {
        lock (guard)
            segments.Restore(segment, columns.RowOf(customer), columns.Words);
    }

    /// <inheritdoc cref="SegmentsInForce.Redefine"/>
    public void Redefine(Explanation other)
    {
        lock (guard)
        {
            segments.Redefine(other);
            if (columns.Count == 0)
                segments.Settle();
        }
    }

    /// <summary>While loading: this moment has been evaluated, and daily scans are scheduled.</summary>
    public void RestoreScans(Scans scans)
    {
        lock (guard)
        {
            scansCommanded = scans.NextAt is not null;
            if (scans.EvaluatedAt is { } moment)
            {
                columns.AdvanceTo(moment);
                scannedDay = days.DayOf(moment);
            }
        }
    }

    /// <summary>From this position of the profile topic on, what the customer buys is counted in their stream; answers what is known until then.</summary>
    public Purchases Link(Guid customer, long position)
    {
        lock (guard)
        {
            linked.TryAdd(customer, position);
            return columns.Find(customer) is { } row ? columns.PurchasesOf(row) : Purchases.None;
        }
    }

    /// <summary>A purchase at this position is to be counted in the customer's stream.</summary>
    public bool IsLinked(Guid customer, long position)
    {
        lock (guard)
            return linked.TryGetValue(customer, out var since) && position > since;
    }

    /// <summary>The segments of somebody else count for the customer.</summary>
    public bool IsAway(Guid customer)
    {
        lock (guard)
            return columns.Find(customer) is { } row && away.Contains(row);
    }

    /// <summary>The segments of somebody else count for the customer from now on; the row that says so may be replaced before it is read.</summary>
    public void Leave(Guid customer)
    {
        lock (guard)
        {
            var row = columns.RowOf(customer);
            away.Add(row);
            LeaveAll(row);
        }
    }

    /// <summary>The row of a linked customer is now what their stream says. An older version changes nothing.</summary>
    public FactOutcome Restate(Guid customer, RowState state, DateTimeOffset time)
    {
        lock (guard)
        {
            columns.AdvanceTo(time);

            // Until their own purchases are in the stream, those are counted in the columns.
            if (state.Complete)
                linked.TryAdd(customer, 0);
            var row = columns.RowOf(customer);
            var isNew = versions.GetValueOrDefault(customer) < state.Version;
            if (isNew && !columns.IsErased(row))
                Replace(row, customer, state);
            return new FactOutcome(row, isNew, Needs.All);
        }
    }

    private void Replace(int row, Guid customer, RowState state)
    {
        versions[customer] = state.Version;
        if (state.Complete)
            columns.Replace(row, LinkedRows.PurchasesOf(state));
        if (state.Away)
            away.Add(row);
        else
            away.Remove(row);
    }

    /// <summary>Applies a fact once, and goes on to its time.</summary>
    /// <param name="touched">What the change may change.</param>
    public FactOutcome Apply(
        Guid customer, Source source, long position, DateTimeOffset time, Needs touched, Action<PartitionColumns, int> change)
    {
        lock (guard)
        {
            columns.AdvanceTo(time);

            // Of somebody who is new, rules that nothing was known for may hold already.
            if (columns.Find(customer) is null)
                touched = Needs.All;
            var row = columns.RowOf(customer);
            var isNew = columns.IsNew(row, source, position);
            if (isNew && !columns.IsErased(row))
                change(columns, row);
            return new FactOutcome(row, isNew, isNew ? touched : Needs.All);
        }
    }

    /// <summary>
    /// Whether a command for this customer is worth issuing after the fact; counts it as issued. Only the segments that need what the fact
    /// touched are evaluated, and while a day has begun that no scan has evaluated yet, those that need the day.
    /// </summary>
    public bool Differs(FactOutcome fact)
    {
        lock (guard)
        {
            var touched = fact.Touched | (columns.Today == scannedDay ? Needs.None : Needs.Today);
            var counts = !away.Contains(fact.Row) && !columns.IsErased(fact.Row);
            return segments.Differs(columns, fact.Row, counts, touched, MissingOf(fact.Row)) | !fact.IsNew;
        }
    }

    /// <summary>Whether scans are yet to be scheduled; counts them as such.</summary>
    public bool NeedsScans(FactOutcome fact)
    {
        lock (guard)
        {
            var needs = !scansCommanded || !fact.IsNew;
            scansCommanded = true;
            return needs;
        }
    }

    /// <summary>
    /// Evaluates every customer as of <paramref name="evaluatedAt"/>, or of the later moment that is already known, and answers those whose
    /// memberships may change; counts their commands as issued. The same <paramref name="due"/> again answers the same customers again.
    /// </summary>
    public ScanOutcome Scan(DateTimeOffset due, DateTimeOffset evaluatedAt)
    {
        lock (guard)
        {
            columns.AdvanceTo(evaluatedAt);
            scannedDay = columns.Today;
            if (segments.Need(Needs.Predictions))
                columns.Predictions.Make(columns);
            var (changed, byRule) = segments.Scan(columns, Counting, waiting.Keys);
            for (var word = 0; due == lastScanDue && word < lastScanChanged.Length; word++)
                changed[word] |= lastScanChanged[word];
            (lastScanDue, lastScanChanged) = (due, changed);
            return new ScanOutcome(columns.AsOf, columns.Count, [.. RowBits.In(changed).Select(columns.CustomerAt)])
            {
                Redefined = RowBits.In(byRule).Select(columns.CustomerAt).ToHashSet(),
            };
        }
    }

    /// <summary>What the evaluation says of a customer now.</summary>
    public (IReadOnlyList<Verdict> Verdicts, DateTimeOffset EvaluatedAt) Verdicts(Guid customer)
    {
        lock (guard)
        {
            return columns.Find(customer) is { } row && columns.IsErased(row)
                ? ([], columns.AsOf)
                : (segments.Verdicts(Read(customer), IsAway(customer), MissingOf(customer)), columns.AsOf);
        }
    }

    /// <summary>The decision of a command: the columns are read when it is decided.</summary>
    public Decision Decide(Memberships memberships, Guid customer)
    {
        lock (guard)
        {
            var (verdicts, evaluatedAt) = Verdicts(customer);
            var isErased = columns.Find(customer) is { } row && columns.IsErased(row);
            return ChangeMembership.Decide(memberships, verdicts, isErased ? [] : segments.Untouched(MissingOf(customer)), evaluatedAt);
        }
    }

    /// <summary>Takes those out of a bitmap whose segments are somebody else's, or nobody's.</summary>
    private ulong[] Counting(ulong[] bits)
    {
        foreach (var row in away)
            RowBits.Set(bits, row, false);
        columns.DropErased(bits);
        return bits;
    }

    private void LeaveAll(int row) => segments.Leave(row, columns.Words);
}
