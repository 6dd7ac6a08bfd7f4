using System.Diagnostics;

namespace Patron.Segmentation;

/// <summary>
/// A rule made ready for the columns of one partition. It evaluates a whole rule for a block of rows before it goes on to the next, so that
/// the bitmaps of its clauses stay in the first level cache; and for one row by itself. It keeps scratch memory: one caller at a time.
/// </summary>
internal abstract class RulePlan
{
    /// <summary>64 words: a block's bitmap is 512 bytes, its widest column 32 KiB.</summary>
    public const int BlockWords = 64;

    /// <summary>Cheaper clauses are evaluated first; where they settle a block, the others are not evaluated at all.</summary>
    public virtual int Cost => 1;

    /// <summary>The rule looks at lines of purchases or at behaviours.</summary>
    public virtual bool ReadsLines => false;

    /// <summary>Blocks of these columns follow, until <see cref="End"/>.</summary>
    public virtual void Begin(PartitionColumns columns)
    {
    }

    public virtual void End()
    {
    }

    /// <param name="word">The first of the block's words; their rows begin at 64 times that.</param>
    /// <param name="bits">
    /// At most <see cref="BlockWords"/> words, which are overwritten; those past the last customer mean nothing. Before, they say whose answers count:
    /// any answer is right for the others.
    /// </param>
    public abstract void Block(PartitionColumns columns, int word, Span<ulong> bits);

    public abstract bool At(PartitionColumns columns, int row);

    public static RulePlan Of(Clause clause, SegmentCatalog catalog) => clause switch
    {
        AllOf all => new AllPlan([.. all.Clauses.Select(part => Of(part, catalog))]),
        AnyOf any => new AnyPlan([.. any.Clauses.Select(part => Of(part, catalog))]),
        NoneOf not => new NotPlan(Of(not.Clause, catalog)),
        InSegment inside => Of(catalog.RuleOf(inside.Segment), catalog),
        DaysSince since => new DayPlan(since.Column, today => (today - (long?)since.Max, today - (long?)since.Min)),
        DateBetween date => new DayPlan(date.Column, _ => (date.From?.DayNumber, date.To?.DayNumber)),
        NumberBetween { Column: NumberColumn.SpendInTwelveMonths } spend => PurchasesPlan.SpendInTwelveMonths(spend.Min, spend.Max),
        NumberBetween number => new NumberPlan(number),
        InTier tier => new TierPlan(tier),
        Tagged tagged => new BitmapPlan(columns => columns.Tagged(tagged.Tag)),
        Consented consent => new BitmapPlan(columns => columns.Consenting(consent.Channel, consent.Purpose)),
        PurchasesBetween purchases => new PurchasesPlan(purchases),
        LifecycleIn lifecycle => new LifecyclePlan(lifecycle),
        RfmIn rfm => new RfmPlan(rfm),
        PredictedBetween predicted => new PredictedPlan(predicted),
        BehavioursBetween behaviours => PurchasesPlan.Of(behaviours),
        AttributeClause attribute => new AttributePlan(attribute),
        InControlGroup control => new ControlPlan(control),
        _ => throw new UnreachableException($"No plan for {clause.GetType().Name}."),
    };

    /// <summary>A bit per customer of the partition, set where the rule holds; bits past the last customer are clear.</summary>
    public ulong[] Evaluate(PartitionColumns columns)
    {
        var bits = new ulong[columns.Words];
        Array.Fill(bits, ulong.MaxValue);
        Begin(columns);
        for (var word = 0; word < bits.Length; word += BlockWords)
            Block(columns, word, bits.AsSpan(word, Math.Min(BlockWords, bits.Length - word)));
        End();

        // The sorted lines are not all of these customers' purchases.
        if (ReadsLines)
        {
            foreach (var row in columns.Events.DeltaRows.Concat(columns.Behaviours.DeltaRows))
                RowBits.Set(bits, row, At(columns, row));
        }

        var full = columns.Count / PartitionColumns.RowsPerWord;
        if (full < bits.Length)
        {
            bits[full] &= (1UL << (columns.Count % PartitionColumns.RowsPerWord)) - 1;
            bits.AsSpan(full + 1).Clear();
        }

        return bits;
    }

    /// <summary>The parts of a rule, the cheaper ones first.</summary>
    protected static RulePlan[] Ordered(IReadOnlyList<RulePlan> parts)
    {
        PurchasesPlan.Share(parts);
        return [.. parts.OrderBy(part => part.Cost)];
    }
}

internal sealed class AllPlan(IReadOnlyList<RulePlan> parts) : RulePlan
{
    private readonly RulePlan[] ordered = Ordered(parts);

    public override int Cost { get; } = parts.Sum(part => part.Cost);

    public override bool ReadsLines { get; } = parts.Any(part => part.ReadsLines);

    public override void Begin(PartitionColumns columns) => Array.ForEach(ordered, part => part.Begin(columns));

    public override void End() => Array.ForEach(ordered, part => part.End());

    public override void Block(PartitionColumns columns, int word, Span<ulong> bits)
    {
        if (ordered.Length == 0)
        {
            bits.Fill(ulong.MaxValue);
            return;
        }

        ordered[0].Block(columns, word, bits);
        Span<ulong> other = stackalloc ulong[BlockWords];
        other = other[..bits.Length];
        foreach (var part in ordered.AsSpan(1))
        {
            if (!bits.ContainsAnyExcept(0UL))
                return;
            bits.CopyTo(other);
            part.Block(columns, word, other);
            for (var some = 0; some < bits.Length; some++)
                bits[some] &= other[some];
        }
    }

    public override bool At(PartitionColumns columns, int row) => Array.TrueForAll(ordered, part => part.At(columns, row));
}

internal sealed class AnyPlan(IReadOnlyList<RulePlan> parts) : RulePlan
{
    private readonly RulePlan[] ordered = Ordered(parts);

    public override int Cost { get; } = parts.Sum(part => part.Cost);

    public override bool ReadsLines { get; } = parts.Any(part => part.ReadsLines);

    public override void Begin(PartitionColumns columns) => Array.ForEach(ordered, part => part.Begin(columns));

    public override void End() => Array.ForEach(ordered, part => part.End());

    public override void Block(PartitionColumns columns, int word, Span<ulong> bits)
    {
        if (ordered.Length == 0)
        {
            bits.Clear();
            return;
        }

        ordered[0].Block(columns, word, bits);
        Span<ulong> other = stackalloc ulong[BlockWords];
        other = other[..bits.Length];
        foreach (var part in ordered.AsSpan(1))
        {
            if (!bits.ContainsAnyExcept(ulong.MaxValue))
                return;
            for (var some = 0; some < bits.Length; some++)
                other[some] = ~bits[some];
            part.Block(columns, word, other);
            for (var some = 0; some < bits.Length; some++)
                bits[some] |= other[some];
        }
    }

    public override bool At(PartitionColumns columns, int row) => Array.Exists(ordered, part => part.At(columns, row));
}

internal sealed class NotPlan(RulePlan part) : RulePlan
{
    public override int Cost => part.Cost;

    public override bool ReadsLines => part.ReadsLines;

    public override void Begin(PartitionColumns columns) => part.Begin(columns);

    public override void End() => part.End();

    public override void Block(PartitionColumns columns, int word, Span<ulong> bits)
    {
        part.Block(columns, word, bits);
        foreach (ref var some in bits)
            some = ~some;
    }

    public override bool At(PartitionColumns columns, int row) => !part.At(columns, row);
}
