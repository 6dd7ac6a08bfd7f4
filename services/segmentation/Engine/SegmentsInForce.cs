using System.Text.Json;

namespace Patron.Segmentation;

/// <summary>
/// The live segments of one partition, ready to be evaluated, and per segment a bitmap of the memberships that were last commanded. Not thread
/// safe.
/// </summary>
internal sealed class SegmentsInForce
{
    private readonly HashSet<string> redefined = [];
    private SegmentCatalog catalog;
    private RulePlan[] plans;
    private Needs[] needs;

    // One more than there are segments: the last stands for segments that no longer exist, which nobody should be in.
    private ulong[][] held;

    public SegmentsInForce(Explanation explanation)
    {
        Explanation = explanation;
        catalog = explanation.Catalog;
        (plans, needs) = (Plans(catalog), NeedsOf(catalog));
        held = [.. Enumerable.Repeat(Array.Empty<ulong>(), plans.Length + 1)];
    }

    public Explanation Explanation { get; private set; }

    public long Bytes => 8L * held.Sum(bits => (long)bits.Length);

    /// <summary>
    /// Other segments are in force. Those whose rule is another one are left as they are until the next scan, which knows that a change is the
    /// rule's doing and not the customer's.
    /// </summary>
    public void Redefine(Explanation other)
    {
        if (ReferenceEquals(other, Explanation))
            return;
        var kept = new ulong[other.Catalog.Live.Count + 1][];
        kept[^1] = held[^1];
        foreach (var (index, _) in catalog.Live.Index().Where(before => other.Catalog.Live.All(segment => segment.Name != before.Item.Name)))
        {
            kept[^1] = Either(kept[^1], held[index]);
            redefined.Add(catalog.Live[index].Name);
        }
        foreach (var (index, segment) in other.Catalog.Live.Index())
        {
            var before = IndexOf(segment.Name);
            kept[index] = before < plans.Length ? held[before] : [];
            if (before == plans.Length || Text(catalog.Live[before]) != Text(segment))
                redefined.Add(segment.Name);
        }

        (Explanation, catalog, held) = (other, other.Catalog, kept);
        (plans, needs) = (Plans(catalog), NeedsOf(catalog));

        // Who is in a segment by way of another moves with that.
        redefined.UnionWith(catalog.Live.Where(segment => SegmentPaths.All(segment.Rule, catalog).Any(redefined.Contains)).Select(s => s.Name).ToList());
    }

    /// <summary>What these segments need is another thing now: as if their rules were. Answers whether there is such a segment.</summary>
    public bool Redefine(Needs changed)
    {
        var names = catalog.Live.Where((_, index) => (needs[index] & changed) != 0).Select(segment => segment.Name).ToList();
        redefined.UnionWith(names);
        return names.Count > 0;
    }

    /// <summary>Some segment needs it.</summary>
    public bool Need(Needs some) => Array.Exists(needs, needed => (needed & some) != 0);

    /// <summary>Nobody is there whom a changed rule could move, and no scan would come.</summary>
    public void Settle() => redefined.Clear();

    /// <summary>The customer is in the segment of this name, which may no longer exist.</summary>
    public void Restore(string segment, int row, int words) => Set(IndexOf(segment), row, true, words);

    public void Leave(int row, int words)
    {
        for (var index = 0; index < held.Length; index++)
            Set(index, row, false, words);
    }

    /// <summary>Brings the bitmaps of a row up to an evaluation, and answers whether one changed.</summary>
    /// <param name="counts">False of whoever is in no segment.</param>
    /// <param name="touched">Only the segments that need some of it are evaluated.</param>
    /// <param name="missing">What is not known yet; segments that need some of it stay as they are.</param>
    public bool Differs(PartitionColumns columns, int row, bool counts, Needs touched, Needs missing)
    {
        // Who is in a segment that was just taken away leaves with the scan, which knows that it is not the customer's doing.
        var differs = redefined.Count == 0 && Set(plans.Length, row, false, columns.Words);
        for (var index = 0; index < plans.Length; index++)
        {
            if (((needs[index] & touched) != 0 || touched == Needs.All) && (needs[index] & missing) == 0 && !redefined.Contains(catalog.Live[index].Name))
                differs |= Set(index, row, counts && plans[index].At(columns, row), columns.Words);
        }

        return differs;
    }

    /// <summary>
    /// Brings all bitmaps up to an evaluation, and answers the rows that changed, and among them those that a changed rule moved. From then on
    /// no rule is another one.
    /// </summary>
    /// <param name="counting">Takes those out of a bitmap who are in no segment.</param>
    /// <param name="waiting">The rows whose attributes are not known yet: they stay in segments that need them, or out of them.</param>
    public (ulong[] Changed, ulong[] ByRule) Scan(PartitionColumns columns, Func<ulong[], ulong[]> counting, IReadOnlyCollection<int> waiting)
    {
        var (changed, byRule) = (new ulong[columns.Words], new ulong[columns.Words]);
        for (var index = 0; index < held.Length; index++)
        {
            var wanted = index < plans.Length ? counting(plans[index].Evaluate(columns)) : new ulong[columns.Words];
            var isRedefined = index == plans.Length || redefined.Contains(catalog.Live[index].Name);
            Array.Resize(ref held[index], columns.Words);
            if (index < plans.Length && (needs[index] & Needs.Attributes) != 0)
                Keep(wanted, held[index], waiting);
            for (var word = 0; word < wanted.Length; word++)
            {
                var differs = wanted[word] ^ held[index][word];
                changed[word] |= differs;
                byRule[word] |= isRedefined ? differs : 0;
            }

            held[index] = wanted;
        }

        redefined.Clear();
        return (changed, byRule);
    }

    /// <summary>What the rules say, without those that are <see cref="Untouched"/>.</summary>
    public IReadOnlyList<Verdict> Verdicts(CustomerRow values, bool isAway, Needs missing)
    {
        var untouched = Untouched(missing);
        return [.. catalog.Live.Where(segment => !untouched.Contains(segment.Name)).Select(segment => new Verdict(
            segment.Name, !isAway && Explanation.Holds(segment.Rule, values), Explanation.Reason(segment.Rule, values), segment.Tag, segment.Revision))];
    }

    /// <summary>The segments on which nothing can be said: their rule is another one since the last scan, or needs what is not known yet.</summary>
    public IReadOnlySet<string> Untouched(Needs missing) => missing == Needs.None
        ? redefined
        : catalog.Live.Where((_, index) => (needs[index] & missing) != 0).Select(segment => segment.Name).Concat(redefined).ToHashSet();

    private static ulong[] Either(ulong[] one, ulong[] other)
    {
        var both = new ulong[Math.Max(one.Length, other.Length)];
        for (var word = 0; word < both.Length; word++)
            both[word] = one.ElementAtOrDefault(word) | other.ElementAtOrDefault(word);
        return both;
    }

    private static void Keep(ulong[] wanted, ulong[] held, IEnumerable<int> rows)
    {
        foreach (var row in rows)
            RowBits.Set(wanted, row, RowBits.Has(held, row));
    }

    // Equal lists of two records are not equal; what is written of them is.
    private static string Text(SegmentDefinition segment) => JsonSerializer.Serialize(segment.Rule, SegmentationJson.Default.Clause);

    private static RulePlan[] Plans(SegmentCatalog of) => [.. of.Live.Select(segment => RulePlan.Of(segment.Rule, of))];

    private static Needs[] NeedsOf(SegmentCatalog of) => [.. of.Live.Select(segment => NeedsOfRules.Of(segment.Rule, of))];

    private int IndexOf(string segment)
    {
        var index = 0;
        while (index < plans.Length && catalog.Live[index].Name != segment)
            index++;
        return index;
    }

    /// <summary>Answers whether the bit changed.</summary>
    private bool Set(int index, int row, bool holds, int words)
    {
        if (held[index].Length < words)
            Array.Resize(ref held[index], words);
        return RowBits.Set(held[index], row, holds);
    }
}
