using System.Numerics;

namespace Patron.Segmentation;

/// <summary>The codes of the texts that a clause names. A few are compared as vectors, many are looked up.</summary>
internal sealed class CodeSet(IReadOnlyList<string> wanted)
{
    private const int FewMax = 4;

    private int known = -1;
    private int[] codes = [];
    private ushort[] shorts = [];
    private byte[] bytes = [];
    private ulong[] lookUp = [];

    /// <summary>The clause names something.</summary>
    public bool IsAsked => wanted.Count > 0;

    /// <summary>Something that it names has a code.</summary>
    public bool Any => codes.Length > 0;

    /// <param name="isThat">Whether a text of the book is meant by one that is named.</param>
    public void Follow(CodeBook book, Func<string, string, bool> isThat)
    {
        if (wanted.Count == 0 || known == book.Last)
            return;
        known = book.Last;
        codes = book.Where(name => IsWanted(name, isThat));
        shorts = codes.Length <= FewMax ? [.. codes.Where(code => code <= ushort.MaxValue).Select(code => (ushort)code)] : [];
        bytes = codes.Length <= FewMax ? [.. codes.Where(code => code <= byte.MaxValue).Select(code => (byte)code)] : [];
        lookUp = new ulong[codes.Length == 0 ? 0 : (codes[^1] / 64) + 1];
        foreach (var code in codes)
            lookUp[code / 64] |= 1UL << (code % 64);
    }

    public bool Has(int code) => RowBits.Has(lookUp, code);

    /// <summary>Also true when nothing is named.</summary>
    public bool Passes(int code) => wanted.Count == 0 || Has(code);

    /// <summary>Which of 64 lines have one of the codes; at least those of <paramref name="asked"/> are answered.</summary>
    public ulong Bits(ReadOnlySpan<ushort> values, ulong asked) => codes.Length switch
    {
        0 => 0,
        <= FewMax => ColumnKernels.AnyOf(values, shorts),
        _ => LookUp(values, asked),
    };

    /// <inheritdoc cref="Bits(ReadOnlySpan{ushort}, ulong)"/>
    public ulong Bits(ReadOnlySpan<byte> values, ulong asked) => codes.Length switch
    {
        0 => 0,
        <= FewMax => ColumnKernels.AnyOf(values, bytes),
        _ => LookUp(values, asked),
    };

    /// <inheritdoc cref="Bits(ReadOnlySpan{ushort}, ulong)"/>
    public ulong Bits(ReadOnlySpan<int> values, ulong asked) => codes.Length switch
    {
        0 => 0,
        <= FewMax => ColumnKernels.AnyOf(values, codes),
        _ => LookUp(values, asked),
    };

    /// <summary>Of the lines that are found so far, keeps those that have one of the codes.</summary>
    public void Keep(ReadOnlySpan<ushort> values, Span<ulong> found)
    {
        if (codes.Length == 1)
        {
            ColumnKernels.KeepEqual(values, shorts[0], found);
            return;
        }

        for (var word = 0; word < found.Length; word++)
        {
            if (found[word] is var asked and not 0)
                found[word] &= Bits(values.Slice(word * 64, 64), asked);
        }
    }

    /// <inheritdoc cref="Keep(ReadOnlySpan{ushort}, Span{ulong})"/>
    public void Keep(ReadOnlySpan<byte> values, Span<ulong> found)
    {
        for (var word = 0; word < found.Length; word++)
        {
            if (found[word] is var asked and not 0)
                found[word] &= Bits(values.Slice(word * 64, 64), asked);
        }
    }

    private bool IsWanted(string name, Func<string, string, bool> isThat)
    {
        foreach (var one in wanted)
        {
            if (isThat(name, one))
                return true;
        }

        return false;
    }

    private ulong LookUp<T>(ReadOnlySpan<T> values, ulong asked)
        where T : struct, IBinaryInteger<T>
    {
        var found = 0UL;
        for (var left = asked; left != 0; left &= left - 1)
        {
            var place = BitOperations.TrailingZeroCount(left);
            found |= Has(int.CreateTruncating(values[place])) ? 1UL << place : 0;
        }

        return found;
    }
}
