namespace Patron.Segmentation;

/// <summary>
/// Measures purchases or behaviours: which lines pass is found 64 at a time, then only those are measured, customer by customer; nobody else is looked at.
/// Clauses of one rule that ask for the same lines share what is found.
/// </summary>
internal sealed class PurchasesPlan : RulePlan
{
    private readonly PurchaseMeasure measure;
    private readonly long min;
    private readonly long max;
    private readonly long linesMin;
    private readonly string same;
    private readonly LineMeasure measured;
    private readonly List<LineCodes> lines = [];
    private LinePass pass;

    public PurchasesPlan(PurchasesBetween clause)
        : this(clause.Measure, clause.Min, clause.Max, clause.Where, clause.Window.ToString(), today => clause.Window.On(today))
    {
    }

    private PurchasesPlan(
        PurchaseMeasure measure, long? min, long? max, PurchaseFilter where, string window, Func<int, (long? From, long? To)> days, bool behaviours = false)
    {
        // Above what stands for no value.
        (this.measure, this.min, this.max) = (measure, Math.Max(min ?? long.MinValue, long.MinValue + 1), max ?? long.MaxValue);
        // Nobody counts up to more than they have lines, and these are cheaper to count.
        linesMin = LineMeasure.Counts(measure) ? this.min : 0;
        same = string.Join('\n', [$"{behaviours} {window}", .. where.Products, "", .. where.Categories, "", .. where.Channels, "", .. where.Stores]);
        pass = new(where, behaviours, days);
        measured = new(measure);
    }

    public override int Cost => 100;

    public override bool ReadsLines => true;

    public static PurchasesPlan SpendInTwelveMonths(long? min, long? max) =>
        new(PurchaseMeasure.Spend, min, max, PurchaseFilter.Any, "twelve months", today => (BrandDays.TwelveMonthsBegin(today), today));

    public static PurchasesPlan Of(BehavioursBetween clause)
    {
        var (measure, min, max, where, window) = clause.AsPurchases;
        return new(measure, min, max, where, window.ToString(), today => window.On(today, BehavioursBetween.DaysMax), behaviours: true);
    }

    /// <summary>Has those that ask for the same lines look for them once.</summary>
    public static void Share(IReadOnlyList<RulePlan> plans)
    {
        Dictionary<string, LinePass>? passes = null;
        foreach (var plan in plans.OfType<PurchasesPlan>())
        {
            passes ??= [];
            if (!passes.TryAdd(plan.same, plan.pass))
                plan.pass = passes[plan.same];
        }
    }

    public override void Begin(PartitionColumns columns) => pass.Begin(columns);

    public override void End() => pass.End();

    public override void Block(PartitionColumns columns, int word, Span<ulong> bits)
    {
        Span<ulong> asked = stackalloc ulong[BlockWords];
        bits.CopyTo(asked);
        var nothing = LineMeasure.Nothing(measure);
        bits.Fill(Lies(nothing) ? ulong.MaxValue : 0);
        var (events, firstRow) = (pass.Lines(columns), word * PartitionColumns.RowsPerWord);
        var hits = pass.Hits(columns, word, bits.Length);
        measured.Begin(columns.Today);
        for (var (hit, next) = (0, 0); hit < hits.Length; hit = next)
        {
            var row = hits[hit].Row;
            while (next < hits.Length && hits[next].Row == row)
                next++;
            if (next - hit < linesMin || !RowBits.Has(asked, row - firstRow))
                continue;
            var value = nothing;
            foreach (var line in hits[hit..next])
                measured.Add(ref value, row, line.Line, events);
            var bit = 1UL << (row % PartitionColumns.RowsPerWord);
            ref var some = ref bits[(row - firstRow) / PartitionColumns.RowsPerWord];
            some = Lies(value) ? some | bit : some & ~bit;
        }
    }

    public override bool At(PartitionColumns columns, int row)
    {
        pass.Lines(columns).Read(row, lines);
        return Lies(pass.Ready(columns) ? measured.Of(lines, pass.Filter, columns.Today) : LineMeasure.Nothing(measure));
    }

    private bool Lies(long value) => value >= min && value <= max;
}
