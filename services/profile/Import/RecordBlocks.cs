using System.Buffers;

namespace Patron.Profile;

/// <summary>How a file of rows is written.</summary>
/// <param name="Delimiter">Between the fields of CSV; 0 for NDJSON.</param>
internal readonly record struct RowFormat(byte Delimiter)
{
    public static RowFormat NdJson { get; } = new(0);

    public bool IsCsv => Delimiter != 0;
}

/// <summary>Whole rows of a file, in a rented buffer: dispose it.</summary>
/// <param name="Offset">Where the first row begins, in UTF-8 bytes from the start of the text.</param>
/// <param name="Row">Its number as a spreadsheet counts: the first row of the file is 1.</param>
/// <param name="Ends">Where each row ends within the bytes, its line end included.</param>
internal sealed record RecordBlock(long Offset, long Row, byte[] Rented, IReadOnlyList<int> Ends) : IDisposable
{
    public int Count => Ends.Count;

    public long NextOffset => Offset + Ends[^1];

    public ReadOnlySpan<byte> Bytes => Rented.AsSpan(0, Ends[^1]);

    /// <summary>A row without its line end.</summary>
    public ReadOnlySpan<byte> this[int index] => Rented.AsSpan((index == 0 ? 0 : Ends[index - 1])..Ends[index]).TrimEnd("\r\n"u8);

    public void Dispose() => ArrayPool<byte>.Shared.Return(Rented);
}

/// <summary>
/// Cuts UTF-8 text into blocks of whole rows, so that blocks can be parsed side by side, and a place between two of them is a place to go on
/// from. Only line ends and the quotes of fields are looked at.
/// </summary>
/// <param name="utf8">From <paramref name="offset"/> on.</param>
/// <param name="format">CSV or NDJSON.</param>
/// <param name="offset">The place where reading starts.</param>
/// <param name="row">The number of the first row there.</param>
internal sealed class RecordBlocks(Stream utf8, RowFormat format, long offset, long row)
{
    public const int RowsMax = 1_000;
    public const int RowBytesMax = 1024 * 1024;
    private const int BlockBytes = 1024 * 1024;

    // Rows that belong together are never parted; beyond this many they are no receipt.
    private const int TogetherMax = 6 * RowsMax;

    private byte[] buffer = new byte[BlockBytes];
    private int start;
    private int end;
    private bool isEnded;

    /// <summary>Whether a row belongs to the one before it, such as lines of a receipt; such rows come in one block.</summary>
    public Func<ReadOnlySpan<byte>, ReadOnlySpan<byte>, bool>? BelongTogether { get; set; }

    /// <summary>The next block, at most so many rows; null at the end.</summary>
    /// <exception cref="InvalidDataException">A row is longer than any real one: a quote is never closed, or this is no such file.</exception>
    public async ValueTask<RecordBlock?> NextAsync(int rowsMax, CancellationToken cancellation)
    {
        var ends = new List<int>(rowsMax);
        while (true)
        {
            var from = ends.Count == 0 ? 0 : ends[^1];
            var length = ends.Count >= TogetherMax ? 0 : LengthOfRow(buffer.AsSpan(start + from, end - start - from), format.Delimiter, isEnded);
            if (length > 0)
            {
                if (ends.Count >= rowsMax && !Together(ends, length))
                    return Take(ends);
                ends.Add(from + length);
                if (ends.Count >= rowsMax && BelongTogether is null)
                    return Take(ends);
            }
            else if (isEnded || ends.Count >= TogetherMax)
            {
                return ends.Count == 0 ? null : Take(ends);
            }
            else
            {
                if (end - start - from > RowBytesMax)
                    throw new InvalidDataException($"Row {row + ends.Count} has more than {RowBytesMax} bytes: perhaps a quote is never closed there.");
                await FillAsync(cancellation);
            }
        }
    }

    /// <summary>Bytes of the first row with its line end; 0 when it is not all there.</summary>
    internal static int LengthOfRow(ReadOnlySpan<byte> text, byte delimiter, bool isEnded)
    {
        var line = text.IndexOf((byte)'\n');
        if (line < 0 && isEnded)
            line = text.Length - 1;
        if (line < 0)
            return 0;
        return delimiter == 0 || !text[..line].Contains((byte)'"') ? line + 1 : LengthWithQuotes(text, delimiter, isEnded);
    }

    /// <summary>The bytes of a field of a row, quotes and all.</summary>
    internal static ReadOnlySpan<byte> FieldOf(ReadOnlySpan<byte> row, byte delimiter, int index)
    {
        while (true)
        {
            var length = LengthOfField(row, delimiter);
            if (index-- == 0)
                return row[..length];
            if (length >= row.Length)
                return [];
            row = row[(length + 1)..];
        }
    }

    private static int LengthWithQuotes(ReadOnlySpan<byte> text, byte delimiter, bool isEnded)
    {
        for (var at = 0; ;)
        {
            at += LengthOfField(text[at..], delimiter);
            if (at >= text.Length)
                return isEnded ? text.Length : 0;
            if (text[at++] == (byte)'\n')
                return at;
        }
    }

    // Up to the delimiter or line end behind it. A quote opens a field only at its start (RFC 4180, 2.5), and two of them inside stand for one.
    private static int LengthOfField(ReadOnlySpan<byte> text, byte delimiter)
    {
        var at = 0;
        if (text is [(byte)'"', ..])
        {
            at = 1;
            while (true)
            {
                var quote = text[at..].IndexOf((byte)'"');
                if (quote < 0)
                    return text.Length;
                at += quote + 1;
                if (at >= text.Length || text[at] != (byte)'"')
                    break;
                at++;
            }
        }
        var stop = text[at..].IndexOfAny(delimiter, (byte)'\n');
        return stop < 0 ? text.Length : at + stop;
    }

    private bool Together(List<int> ends, int length)
    {
        var last = ends.Count == 1 ? 0 : ends[^2];
        return BelongTogether is not null
            && BelongTogether(buffer.AsSpan(start + last, ends[^1] - last), buffer.AsSpan(start + ends[^1], length));
    }

    private RecordBlock Take(List<int> ends)
    {
        var rented = ArrayPool<byte>.Shared.Rent(ends[^1]);
        buffer.AsSpan(start, ends[^1]).CopyTo(rented);
        var block = new RecordBlock(offset, row, rented, ends);
        start += ends[^1];
        offset += ends[^1];
        row += ends.Count;
        return block;
    }

    private async ValueTask FillAsync(CancellationToken cancellation)
    {
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
        }
        if (end == buffer.Length)
            Array.Resize(ref buffer, buffer.Length * 2);
        var read = await utf8.ReadAsync(buffer.AsMemory(end), cancellation);
        isEnded = read == 0;
        end += read;
    }
}
