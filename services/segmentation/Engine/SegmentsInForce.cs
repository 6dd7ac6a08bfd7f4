using System.Text.Json;

namespace Patron.Segmentation;

/// <summary>
/// The segments of one partition, ready to be evaluated, and per segment a bitmap of the memberships that were last commanded. Not thread
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

    /// <summary>The segments whose rule became another one after the last scan.</summary>
    public IReadOnlyCollection<string> Redefined => redefined;

    public long Bytes => 8L * held.Sum(bits => (long)bits.Length);

    /// <summary>
    /// Other segments are in force. Those whose rule is another one are left as they are until the next scan, which knows that a change is the
    /// rule's doing and not the customer's.
    /// </summary>
    public void Redefine(Explanation other)
    {
        if (ReferenceEquals(other, Explanation))
            return;
        var kept = new ulong[other.Catalog.Segments.Count + 1][];
        kept[^1] = held[^1];
        foreach (var (index, segment) in other.Catalog.Segments.Index())
        {
            var before = IndexOf(segment.Name);
            kept[index] = before < plans.Length ? held[before] : [];
            if (before == plans.Length || Text(catalog.Segments[before]) != Text(segment))
                redefined.Add(segment.Name);
        }

        (Explanation, catalog, held) = (other, other.Catalog, kept);
        (plans, needs) = (Plans(catalog), NeedsOf(catalog));

        // Who is in a segment by way of another moves with that.
        redefined.UnionWith(catalog.Segments.Where(segment => SegmentPaths.All(segment.Rule, catalog).Any(redefined.Contains)).Select(s => s.Name).ToList());
    }

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
    public bool Differs(PartitionColumns columns, int row, bool counts, Needs touched)
    {
        var differs = Set(plans.Length, row, false, columns.Words);
        for (var index = 0; index < plans.Length; index++)
        {
            if (((needs[index] & touched) != 0 || touched == Needs.All) && !redefined.Contains(catalog.Segments[index].Name))
                differs |= Set(index, row, counts && plans[index].At(columns, row), columns.Words);
        }

        return differs;
    }

    /// <summary>
    /// Brings all bitmaps up to an evaluation, and answers the rows that changed, and among them those that a changed rule moved. From then on
    /// no rule is another one.
    /// </summary>
    /// <param name="counting">Takes those out of a bitmap who are in no segment.</param>
    public (ulong[] Changed, ulong[] ByRule) Scan(PartitionColumns columns, Func<ulong[], ulong[]> counting)
    {
        var (changed, byRule) = (new ulong[columns.Words], new ulong[columns.Words]);
        for (var index = 0; index < held.Length; index++)
        {
            var wanted = index < plans.Length ? counting(plans[index].Evaluate(columns)) : new ulong[columns.Words];
            var isRedefined = index < plans.Length && redefined.Contains(catalog.Segments[index].Name);
            Array.Resize(ref held[index], columns.Words);
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

    /// <summary>What the rules say, without those that are another one since the last scan.</summary>
    public IReadOnlyList<Verdict> Verdicts(CustomerRow values, bool isAway) =>
    [
        .. catalog.Segments.Where(segment => !redefined.Contains(segment.Name)).Select(segment => new Verdict(
            segment.Name, !isAway && Explanation.Holds(segment.Rule, values), Explanation.Reason(segment.Rule, values), segment.Tag, segment.Revision)),
    ];

    // Equal lists of two records are not equal; what is written of them is.
    private static string Text(SegmentDefinition segment) => JsonSerializer.Serialize(segment.Rule, SegmentationJson.Default.Clause);

    private static RulePlan[] Plans(SegmentCatalog of) => [.. of.Segments.Select(segment => RulePlan.Of(segment.Rule, of))];

    private static Needs[] NeedsOf(SegmentCatalog of) => [.. of.Segments.Select(segment => NeedsOfRules.Of(segment.Rule, of))];

    private int IndexOf(string segment)
    {
        var index = 0;
        while (index < plans.Length && catalog.Segments[index].Name != segment)
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
