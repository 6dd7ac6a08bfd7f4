using System.Numerics;
using Patron.Contracts.Segmentation.V1;
using Patron.Runtime.EventStore;

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
internal sealed class SegmentedPartition(SegmentCatalog catalog, BrandDays days, Explanation explanation)
{
    private readonly Lock guard = new();
    private readonly PartitionColumns columns = new(catalog, days);

    // One more than there are segments: the last stands for segments that no longer exist, which nobody should be in.
    private readonly ulong[][] held = [.. Enumerable.Repeat(Array.Empty<ulong>(), catalog.Segments.Count + 1)];
    private readonly Dictionary<Guid, long> linked = [];
    private readonly Dictionary<Guid, long> versions = [];
    private readonly HashSet<int> away = [];
    private DateTimeOffset lastScanDue = DateTimeOffset.MinValue;
    private ulong[] lastScanChanged = [];
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

    /// <summary>While loading: the customer is in the segment.</summary>
    public void Restore(Guid customer, string segment)
    {
        lock (guard)
        {
            var index = 0;
            while (index < catalog.Segments.Count && catalog.Segments[index].Name != segment)
                index++;
            SetHeld(index, columns.RowOf(customer), true);
        }
    }

    /// <summary>While loading: this moment has been evaluated, and daily scans are scheduled.</summary>
    public void RestoreScans(Scans scans)
    {
        lock (guard)
        {
            scansCommanded = scans.NextAt is not null;
            if (scans.EvaluatedAt is { } moment)
                columns.AdvanceTo(moment);
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

    /// <summary>The customer was erased: their values are gone, and what the log still tells of them changes nothing.</summary>
    public void Erase(Guid customer)
    {
        lock (guard)
        {
            var row = columns.RowOf(customer);
            columns.Erase(row);
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
            return new FactOutcome(row, isNew);
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
    public FactOutcome Apply(Guid customer, Source source, long position, DateTimeOffset time, Action<PartitionColumns, int> change)
    {
        lock (guard)
        {
            columns.AdvanceTo(time);
            var row = columns.RowOf(customer);
            var isNew = columns.IsNew(row, source, position);
            if (isNew && !columns.IsErased(row))
                change(columns, row);
            return new FactOutcome(row, isNew);
        }
    }

    /// <summary>Whether a command for this customer is worth issuing after the fact; counts it as issued.</summary>
    public bool Differs(FactOutcome fact)
    {
        lock (guard)
        {
            var values = columns.Read(fact.Row);
            var differs = !fact.IsNew;
            for (var index = 0; index < held.Length; index++)
            {
                var holds = index < catalog.Segments.Count && !away.Contains(fact.Row) && !columns.IsErased(fact.Row)
                    && explanation.Holds(catalog.Segments[index].Rule, values);
                differs |= SetHeld(index, fact.Row, holds);
            }

            return differs;
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
            var changed = new ulong[columns.Words];
            if (due == lastScanDue)
                lastScanChanged.CopyTo(changed, 0);
            for (var index = 0; index < held.Length; index++)
            {
                var wanted = index < catalog.Segments.Count
                    ? ColumnScan.Evaluate(catalog.Segments[index].Rule, columns, catalog)
                    : new ulong[columns.Words];
                foreach (var row in away)
                    wanted[row / 64] &= ~(1UL << (row % 64));
                columns.DropErased(wanted);
                Array.Resize(ref held[index], columns.Words);
                for (var word = 0; word < wanted.Length; word++)
                    changed[word] |= wanted[word] ^ held[index][word];
                held[index] = wanted;
            }

            (lastScanDue, lastScanChanged) = (due, changed);
            return new ScanOutcome(columns.AsOf, columns.Count, [.. RowsIn(changed).Select(columns.CustomerAt)]);
        }
    }

    /// <summary>What the evaluation says of a customer now.</summary>
    public (IReadOnlyList<Verdict> Verdicts, DateTimeOffset EvaluatedAt) Verdicts(Guid customer)
    {
        lock (guard)
        {
            if (columns.Find(customer) is { } row && columns.IsErased(row))
                return ([], columns.AsOf);
            var values = Read(customer);
            var isAway = IsAway(customer);
            return ([.. catalog.Segments.Select(segment =>
                new Verdict(segment.Name, !isAway && explanation.Holds(segment.Rule, values), explanation.Reason(segment.Rule, values)))], columns.AsOf);
        }
    }

    /// <summary>What is known of a customer now.</summary>
    public CustomerRow Read(Guid customer)
    {
        lock (guard)
            return columns.Find(customer) is { } row ? columns.Read(row) : columns.Unknown;
    }

    /// <summary>Adds what is known of every customer now, but of those erased or merged into others.</summary>
    public void CopyTo(CustomersCopy copy)
    {
        lock (guard)
        {
            copy.Today = Math.Max(copy.Today, columns.Today);
            for (var row = 0; row < columns.Count; row++)
            {
                if (!away.Contains(row) && !columns.IsErased(row))
                    copy.Add(columns, row);
            }
        }
    }

    /// <summary>The decision of a command: the columns are read when it is decided.</summary>
    public Decision Decide(Memberships memberships, Guid customer)
    {
        var (verdicts, evaluatedAt) = Verdicts(customer);
        return ChangeMembership.Decide(memberships, verdicts, evaluatedAt);
    }

    private static IEnumerable<int> RowsIn(ulong[] bits)
    {
        for (var word = 0; word < bits.Length; word++)
        {
            for (var left = bits[word]; left != 0; left &= left - 1)
                yield return word * 64 + BitOperations.TrailingZeroCount(left);
        }
    }

    private void LeaveAll(int row)
    {
        for (var index = 0; index < held.Length; index++)
            SetHeld(index, row, false);
    }

    /// <summary>Answers whether the bit changed.</summary>
    private bool SetHeld(int index, int row, bool holds)
    {
        if (held[index].Length < columns.Words)
            Array.Resize(ref held[index], columns.Words);
        ref var word = ref held[index][row / 64];
        var before = word;
        var bit = 1UL << (row % 64);
        word = holds ? word | bit : word & ~bit;
        return word != before;
    }
}

/// <param name="Row">The customer's place in the columns.</param>
/// <param name="IsNew">False when the fact had been applied before.</param>
internal readonly record struct FactOutcome(int Row, bool IsNew);

/// <param name="Customers">How many were evaluated.</param>
/// <param name="Changed">Those whose memberships differ.</param>
internal sealed record ScanOutcome(DateTimeOffset EvaluatedAt, int Customers, IReadOnlyList<Guid> Changed);
