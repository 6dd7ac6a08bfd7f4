using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Patron.Segmentation;

/// <summary>
/// Comparisons of whole vectors, a bit per value. Columns of blocks are whole words of 64 rows, so nothing is left over. A range of unsigned
/// values is one comparison, since what lies below it wraps to above it.
/// </summary>
internal static class ColumnKernels
{
    private const int PerWord = PartitionColumns.RowsPerWord;

    /// <summary>Adds the bits of values between the bounds, these included; signed values too, when given as unsigned.</summary>
    public static void Between<T>(ReadOnlySpan<T> column, T low, T high, Span<ulong> bits)
        where T : struct, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        var (from, range) = (Vector512.Create(low), Vector512.Create(unchecked(high - low)));
        for (var word = 0; word < bits.Length; word++)
            bits[word] |= Between(column.Slice(word * PerWord, PerWord), from, range);
    }

    /// <inheritdoc cref="Between{T}(ReadOnlySpan{T}, T, T, Span{ulong})"/>
    public static void Between(ReadOnlySpan<int> column, long? min, long? max, Span<ulong> bits)
    {
        var (low, high) = (Math.Max(min ?? int.MinValue, int.MinValue), Math.Min(max ?? int.MaxValue, int.MaxValue));
        if (low <= high)
            Between(MemoryMarshal.Cast<int, uint>(column), unchecked((uint)low), unchecked((uint)high), bits);
    }

    /// <inheritdoc cref="Between{T}(ReadOnlySpan{T}, T, T, Span{ulong})"/>
    public static void Between(ReadOnlySpan<long> column, long? min, long? max, Span<ulong> bits)
    {
        var (low, high) = (min ?? long.MinValue, max ?? long.MaxValue);
        if (low <= high)
            Between(MemoryMarshal.Cast<long, ulong>(column), unchecked((ulong)low), unchecked((ulong)high), bits);
    }

    /// <summary>The bits of 64 values that lie at most <paramref name="range"/> above <paramref name="from"/>.</summary>
    public static ulong Between<T>(ReadOnlySpan<T> values, Vector512<T> from, Vector512<T> range)
        where T : struct
    {
        ref var first = ref MemoryMarshal.GetReference(values);
        var found = 0UL;
        for (var lane = 0; lane < PerWord; lane += Vector512<T>.Count)
            found |= Vector512.LessThanOrEqual(Vector512.LoadUnsafe(ref first, (nuint)lane) - from, range).ExtractMostSignificantBits() << lane;
        return found;
    }

    /// <summary>Of the bits that are set, keeps those of values that equal one.</summary>
    public static void KeepEqual<T>(ReadOnlySpan<T> column, T wanted, Span<ulong> bits)
        where T : struct
    {
        var (value, zero) = (Vector512.Create(wanted), Vector512<T>.Zero);
        for (var word = 0; word < bits.Length; word++)
        {
            // A range of no width.
            if (bits[word] != 0)
                bits[word] &= Between(column.Slice(word * PerWord, PerWord), value, zero);
        }
    }

    /// <summary>The first place from one on whose value is above another; there is one. Values rise.</summary>
    public static int FirstAbove(ReadOnlySpan<int> rising, int place, int than)
    {
        if (rising[place] > than)
            return place;
        var bound = Vector512.Create(than);
        for (; place + Vector512<int>.Count <= rising.Length; place += Vector512<int>.Count)
        {
            ref var first = ref MemoryMarshal.GetReference(rising);
            var above = Vector512.GreaterThan(Vector512.LoadUnsafe(ref first, (nuint)place), bound).ExtractMostSignificantBits();
            if (above != 0)
                return place + BitOperations.TrailingZeroCount(above);
        }

        while (rising[place] <= than)
            place++;
        return place;
    }

    /// <summary>The bits of 64 values that equal one of a few.</summary>
    public static ulong AnyOf<T>(ReadOnlySpan<T> values, ReadOnlySpan<T> wanted)
        where T : struct
    {
        ref var first = ref MemoryMarshal.GetReference(values);
        var found = 0UL;
        for (var lane = 0; lane < PerWord; lane += Vector512<T>.Count)
        {
            var some = Vector512.LoadUnsafe(ref first, (nuint)lane);
            var equal = Vector512<T>.Zero;
            foreach (var value in wanted)
                equal |= Vector512.Equals(some, Vector512.Create(value));
            found |= equal.ExtractMostSignificantBits() << lane;
        }

        return found;
    }

    /// <summary>Copies a bitmap's words from <paramref name="word"/> on; what lies past its end is clear.</summary>
    public static void Copy(ReadOnlySpan<ulong> bitmap, int word, Span<ulong> bits)
    {
        bits.Clear();
        if (word < bitmap.Length)
            bitmap.Slice(word, Math.Min(bits.Length, bitmap.Length - word)).CopyTo(bits);
    }
}
