using System.Buffers;

namespace Patron.Segmentation.Rfm;

/// <summary>
/// Where scores begin: four bounds, ascending, the lowest values with the scores 2, 3, 4 and 5. A score is 1 and one more for each bound that
/// the value reaches, so equal values have equal scores.
/// </summary>
internal readonly record struct Cuts(long Two, long Three, long Four, long Five)
{
    public const int Scores = 5;

    /// <summary>Bounds that do not descend; equal ones leave a score to nobody.</summary>
    public bool AreAscending => Two <= Three && Three <= Four && Four <= Five;

    /// <returns>1 to 5.</returns>
    public int ScoreOf(long value) =>
        1 + (value >= Two ? 1 : 0) + (value >= Three ? 1 : 0) + (value >= Four ? 1 : 0) + (value >= Five ? 1 : 0);

    /// <summary>
    /// Quintiles by rank: of n values, ranked from 1 upwards, rank k has the score 1 + floor(5 k / (n + 1)). Equal values share the mean of
    /// their ranks, so they stay together, where their middle falls: if most people bought once, those have the score of the middle of that
    /// crowd and some scores stay without anybody. It is the rule of SAS's procedure RANK with GROUPS=5 and TIES=MEAN.
    /// </summary>
    /// <param name="values">In any order; not changed. Of none, everything has the score 1.</param>
    public static Cuts Quintiles(ReadOnlySpan<long> values)
    {
        var rented = ArrayPool<long>.Shared.Rent(Math.Max(1, values.Length));
        try
        {
            var sorted = rented.AsSpan(0, values.Length);
            values.CopyTo(sorted);
            sorted.Sort();
            return OfSorted(sorted);
        }
        finally
        {
            ArrayPool<long>.Shared.Return(rented);
        }
    }

    private static Cuts OfSorted(ReadOnlySpan<long> sorted)
    {
        Span<long> lowest = [long.MaxValue, long.MaxValue, long.MaxValue, long.MaxValue];
        for (var from = 0; from < sorted.Length;)
        {
            var to = EndOfEqual(sorted, from);

            // The mean rank of the places from+1 to to is (from + to + 1) / 2.
            var score = 1 + (int)((long)Scores * (from + to + 1) / (2L * (sorted.Length + 1)));
            for (var bound = 2; bound <= score; bound++)
                lowest[bound - 2] = Math.Min(lowest[bound - 2], sorted[from]);
            from = to;
        }

        return new Cuts(lowest[0], lowest[1], lowest[2], lowest[3]);
    }

    // By doubling, so that a crowd of equal values costs a few steps.
    private static int EndOfEqual(ReadOnlySpan<long> sorted, int from)
    {
        var (step, to) = (1, from + 1);
        while (to < sorted.Length && sorted[to] == sorted[from])
        {
            var beyond = Math.Min(sorted.Length - 1, to + step);
            if (sorted[beyond] == sorted[from])
                (to, step) = (beyond + 1, step * 2);
            else
                (to, step) = (to + 1, 1);
        }

        return to;
    }
}
