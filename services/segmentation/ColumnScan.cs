using System.Diagnostics;
using System.Numerics;
using System.Runtime.Intrinsics;

namespace Patron.Segmentation;

/// <summary>Evaluates rules over whole columns: a comparison of vectors per clause, bitmaps joined word by word.</summary>
internal static class ColumnScan
{
    private const int RowsPerWord = 64;

    /// <summary>A bit per customer of the partition, set where the rule holds; bits past the last customer are clear.</summary>
    public static ulong[] Evaluate(Clause rule, PartitionColumns columns, SegmentCatalog catalog)
    {
        var bits = Bits(rule, columns, catalog);
        var full = columns.Count / RowsPerWord;
        if (full < bits.Length)
        {
            bits[full] &= (1UL << (columns.Count % RowsPerWord)) - 1;
            bits.AsSpan(full + 1).Clear();
        }

        return bits;
    }

    private static ulong[] Bits(Clause clause, PartitionColumns columns, SegmentCatalog catalog)
    {
        var bits = new ulong[columns.Words];
        switch (clause)
        {
            case AllOf all:
                bits.AsSpan().Fill(ulong.MaxValue);
                foreach (var part in all.Clauses)
                    And(bits, Bits(part, columns, catalog));
                break;
            case AnyOf any:
                foreach (var part in any.Clauses)
                    Or(bits, Bits(part, columns, catalog));
                break;
            case NoneOf not:
                Invert(Bits(not.Clause, columns, catalog), bits);
                break;
            case DaysSince since:
                Days(since, columns, bits);
                break;
            case NumberBetween number:
                Between(columns.Numbers(number.Column), number.Min ?? long.MinValue, number.Max ?? long.MaxValue, bits);
                break;
            case InTier tiers:
                foreach (var code in tiers.Tiers.Select(columns.TierCode).OfType<int>())
                    Between(columns.Tiers, code, code, bits);
                break;
            case Tagged tagged:
                Masked(columns.Tags, catalog.TagBit(tagged.Tag), bits);
                break;
            default:
                throw new UnreachableException($"No scan for {clause.GetType().Name}.");
        }

        return bits;
    }

    private static void Days(DaysSince since, PartitionColumns columns, ulong[] bits)
    {
        // Between so many days ago and so many: the later bound of the day is the smaller number of days. Customers without the day are
        // below every lower bound.
        var from = since.Max is { } max ? Clamp(columns.Today - (long)max) : PartitionColumns.NoDay + 1;
        var to = since.Min is { } min ? Clamp(columns.Today - (long)min) : int.MaxValue;
        Between(columns.Days(since.Column), from, to, bits);
    }

    private static int Clamp(long day) => (int)Math.Clamp(day, PartitionColumns.NoDay + 1, int.MaxValue);

    /// <summary>Adds the bits of values within the bounds, these included. The column's length is a multiple of 64.</summary>
    private static void Between<T>(ReadOnlySpan<T> column, T min, T max, Span<ulong> bits)
        where T : struct, IBinaryInteger<T>
    {
        var (low, high) = (Vector256.Create(min), Vector256.Create(max));
        for (var word = 0; word < bits.Length; word++)
        {
            var rows = column.Slice(word * RowsPerWord, RowsPerWord);
            var found = 0UL;
            for (var lane = 0; lane < RowsPerWord; lane += Vector256<T>.Count)
            {
                var values = Vector256.Create(rows.Slice(lane, Vector256<T>.Count));
                var inside = Vector256.GreaterThanOrEqual(values, low) & Vector256.LessThanOrEqual(values, high);
                found |= (ulong)inside.ExtractMostSignificantBits() << lane;
            }

            bits[word] |= found;
        }
    }

    private static void Masked(ReadOnlySpan<ulong> column, ulong mask, Span<ulong> bits)
    {
        var wanted = Vector256.Create(mask);
        for (var word = 0; word < bits.Length; word++)
        {
            var rows = column.Slice(word * RowsPerWord, RowsPerWord);
            for (var lane = 0; lane < RowsPerWord; lane += Vector256<ulong>.Count)
            {
                var absent = Vector256.Equals(Vector256.Create(rows.Slice(lane, Vector256<ulong>.Count)) & wanted, Vector256<ulong>.Zero);
                bits[word] |= (ulong)(~absent).ExtractMostSignificantBits() << lane;
            }
        }
    }

    private static void And(ulong[] into, ulong[] other)
    {
        for (var word = 0; word < into.Length; word++)
            into[word] &= other[word];
    }

    private static void Or(ulong[] into, ulong[] other)
    {
        for (var word = 0; word < into.Length; word++)
            into[word] |= other[word];
    }

    private static void Invert(ulong[] from, ulong[] into)
    {
        for (var word = 0; word < into.Length; word++)
            into[word] = ~from[word];
    }
}
