using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Patron.Segmentation;

namespace Patron.Benchmarks.Segments;

/// <summary>Reads the columns of a rule once, on all cores, and does next to nothing with them: faster than that nothing that reads them can be.</summary>
internal static class MemoryLimit
{
    public static ulong Read(IReadOnlyList<PartitionColumns> partitions, bool lines)
    {
        var sums = new ulong[partitions.Count];
        Parallel.For(0, partitions.Count, index =>
        {
            var columns = partitions[index];
            sums[index] = lines
                ? Sum(columns.Events.Days) ^ Sum(columns.Events.Categories)
                : Sum(columns.Tiers) ^ Sum(columns.Points) ^ Sum(columns.Days(DayColumn.LastPurchase)) ^ Sum(columns.Spend) ^ Sum(columns.PurchaseCounts);
        });
        return sums.Aggregate((one, other) => one ^ other);
    }

    private static ulong Sum<T>(ReadOnlySpan<T> column)
        where T : struct
    {
        var (one, other) = (Vector512<ulong>.Zero, Vector512<ulong>.Zero);
        var vectors = MemoryMarshal.Cast<T, Vector512<ulong>>(column);
        for (var place = 0; place + 1 < vectors.Length; place += 2)
        {
            one ^= vectors[place];
            other ^= vectors[place + 1];
        }

        return Vector512.Sum(one ^ other);
    }
}
