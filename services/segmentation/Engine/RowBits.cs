using System.Numerics;

namespace Patron.Segmentation;

/// <summary>Bitmaps with a bit per row; what lies past their end is clear.</summary>
internal static class RowBits
{
    public static bool Has(ReadOnlySpan<ulong> bits, int row) => row / 64 < bits.Length && (bits[row / 64] >> (row % 64) & 1) != 0;

    /// <summary>Makes room for the row, and some more after it.</summary>
    public static void Grow(ref ulong[] bits, int row)
    {
        if (row / 64 >= bits.Length)
            Array.Resize(ref bits, Math.Max((row / 64) + 1, bits.Length + (bits.Length / 4)));
    }

    /// <summary>Answers whether the bit changed. Clearing one past the end changes nothing.</summary>
    public static bool Set(ulong[] bits, int row, bool value)
    {
        if (row / 64 >= bits.Length && !value)
            return false;
        ref var word = ref bits[row / 64];
        var before = word;
        var bit = 1UL << (row % 64);
        word = value ? word | bit : word & ~bit;
        return word != before;
    }

    /// <summary>The rows whose bits are set, ascending.</summary>
    public static IEnumerable<int> In(ulong[] bits)
    {
        for (var word = 0; word < bits.Length; word++)
        {
            for (var left = bits[word]; left != 0; left &= left - 1)
                yield return (word * 64) + BitOperations.TrailingZeroCount(left);
        }
    }
}
