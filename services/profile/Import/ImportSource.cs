using System.Text;

namespace Patron.Profile;

/// <summary>How a file is to be read, where it does not say so itself.</summary>
/// <param name="Kind">What its rows are.</param>
/// <param name="Map">Null: columns that are called like fields fill these.</param>
/// <param name="Encoding">IANA name; null detects it.</param>
/// <param name="Format"><c>csv</c> or <c>ndjson</c>; null detects it.</param>
/// <param name="Source">The CloudEvents source of every row.</param>
/// <param name="DefaultTime">When it happened, where no column says so; null when one must.</param>
/// <param name="Zone">Of times without an offset; null refuses these.</param>
internal sealed record ImportOptions(
    RowKind Kind, ColumnMap? Map, string? Encoding, string? Format, string Source, DateTimeOffset? DefaultTime, TimeZoneInfo? Zone);

/// <summary>A place between two rows.</summary>
/// <param name="Offset">UTF-8 bytes from the start of the text, whatever the file's encoding.</param>
/// <param name="Row">The number of the next row.</param>
internal readonly record struct ImportPlace(long Offset, long Row);

/// <summary>A file of rows, opened: encoding, format, header and map are known, and blocks of rows can be read.</summary>
internal sealed record ImportSource(RowFormat Format, FileText Text, BoundMap Map, IReadOnlyList<string> Header, RecordBlocks Blocks)
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'";

    /// <param name="open">Opens the file at its start; called once, or twice with a place to go on from.</param>
    /// <param name="options">What is known of it.</param>
    /// <param name="place">Null starts at the first row.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="FormatException">The file cannot be read as rows of this kind; the message says what to do.</exception>
    public static async Task<ImportSource> OpenAsync(Func<Stream> open, ImportOptions options, ImportPlace? place, CancellationToken cancellation)
    {
        var stream = open();
        var head = new byte[FileText.HeadBytes];
        var length = await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellation);
        var text = options.Encoding is null ? FileText.Detect(head.AsSpan(0, length)) : FileText.Named(options.Encoding);
        if (text is null)
            throw new FormatException(options.Encoding is null
                ? "The file is neither UTF-8 nor UTF-16, GB18030 or Big5; say its encoding, such as windows-1252."
                : $"There is no encoding '{options.Encoding}'.");
        var whole = stream.CanSeek ? Rewound(stream) : new JoinedStream(head.AsMemory(0, length), stream);
        var headText = await ReadHeadAsync(text, head, length, cancellation);
        var format = FormatOf(options.Format, headText);

        var blocks = new RecordBlocks(await text.OpenAsync(whole, 0, cancellation), format, 0, 1);
        var header = format.IsCsv ? await HeaderAsync(blocks, format, cancellation) : JsonColumns(headText, options.Map);
        var map = new BoundMap(options.Map ?? ColumnMap.Same(header, options.Kind), header, options.Kind);
        if (options.DefaultTime is null && !map.HasTime)
            throw new FormatException("No column is the time; map one, or say since when all rows are true.");
        if (place is { } start)
        {
            await whole.DisposeAsync();
            blocks = new RecordBlocks(await text.OpenAsync(open(), start.Offset, cancellation), format, start.Offset, start.Row);
        }
        if (map.KeyColumns is { Count: > 0 } keys)
            blocks.BelongTogether = Together(format, header, keys);
        return new ImportSource(format, text, map, header, blocks);
    }

    public ImportReader Reader(IngestReader rules, ImportOptions options) => new(
        rules, options.Kind, Format, Map, options.Source,
        options.DefaultTime?.UtcDateTime.ToString(TimeFormat, System.Globalization.CultureInfo.InvariantCulture), options.Zone);

    private static Stream Rewound(Stream stream)
    {
        stream.Seek(0, SeekOrigin.Begin);
        return stream;
    }

    private static async Task<byte[]> ReadHeadAsync(FileText text, byte[] head, int length, CancellationToken cancellation)
    {
        await using var utf8 = await text.OpenAsync(new MemoryStream(head, 0, length), 0, cancellation);
        using var copy = new MemoryStream();
        await utf8.CopyToAsync(copy, cancellation);
        return copy.ToArray();
    }

    private static RowFormat FormatOf(string? wanted, ReadOnlySpan<byte> head)
    {
        if (wanted == "ndjson" || (wanted is null && head.TrimStart(" \t\r\n"u8) is [(byte)'{', ..]))
            return RowFormat.NdJson;
        var line = head[..Math.Max(0, head.IndexOf((byte)'\n'))];
        var (best, most) = ((byte)',', 0);
        foreach (var candidate in ",;\t|"u8)
        {
            var count = CountOutsideQuotes(line, candidate);
            if (count > most)
                (best, most) = (candidate, count);
        }
        return new RowFormat(best);
    }

    private static int CountOutsideQuotes(ReadOnlySpan<byte> line, byte candidate)
    {
        var (count, isQuoted) = (0, false);
        foreach (var letter in line)
        {
            isQuoted ^= letter == (byte)'"';
            count += letter == candidate && !isQuoted ? 1 : 0;
        }
        return count;
    }

    private static async Task<IReadOnlyList<string>> HeaderAsync(RecordBlocks blocks, RowFormat format, CancellationToken cancellation)
    {
        using var header = await blocks.NextAsync(1, cancellation) ?? throw new FormatException("The file is empty.");
        var columns = CsvRows.CellsOf(header[0], format.Delimiter);
        return columns.Distinct().Count() == columns.Count
            ? [.. columns.Select(c => c.Trim())]
            : throw new FormatException("The header names a column twice.");
    }

    // Without a map the first rows say which members there are.
    private static List<string> JsonColumns(byte[] head, ColumnMap? map)
    {
        if (map is not null)
            return [.. map.Pairs.Select(p => p.Column).Where(c => c[0] != '\'').Distinct()];
        var columns = new List<string>();
        foreach (var line in Encoding.UTF8.GetString(head).Split('\n').Take(RecordBlocks.RowsMax))
        {
            foreach (var (name, _) in JsonRows.Flatten(Encoding.UTF8.GetBytes(line)) ?? [])
            {
                if (!columns.Contains(name))
                    columns.Add(name);
            }
        }
        return columns;
    }

    private static Func<ReadOnlySpan<byte>, ReadOnlySpan<byte>, bool> Together(RowFormat format, IReadOnlyList<string> header, IReadOnlyList<int> keys) =>
        (one, next) => format.IsCsv
            ? keys.All(one, next, (a, b, key) => FieldOf(a, format, key).SequenceEqual(FieldOf(b, format, key)))
            : keys.All(one, next, (a, b, key) => TextOf(a, header[key]) == TextOf(b, header[key]));

    private static ReadOnlySpan<byte> FieldOf(ReadOnlySpan<byte> row, RowFormat format, int column) =>
        RecordBlocks.FieldOf(row.TrimEnd("\r\n"u8), format.Delimiter, column);

    private static string? TextOf(ReadOnlySpan<byte> line, string column) => JsonRows.Flatten(line)?.Find(m => m.Name == column).Text;
}

/// <summary>Compares two rows in some columns.</summary>
internal static class KeyComparison
{
    public delegate bool Same(ReadOnlySpan<byte> one, ReadOnlySpan<byte> next, int key);

    public static bool All(this IReadOnlyList<int> keys, ReadOnlySpan<byte> one, ReadOnlySpan<byte> next, Same same)
    {
        foreach (var key in keys)
        {
            if (!same(one, next, key))
                return false;
        }
        return true;
    }
}

/// <summary>What was read of a stream already, then the rest of it.</summary>
internal sealed class JoinedStream(ReadOnlyMemory<byte> head, Stream rest) : Stream
{
    private ReadOnlyMemory<byte> head = head;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("A request is read without blocking.");

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (head.IsEmpty)
            return rest.ReadAsync(buffer, cancellationToken);
        var count = Math.Min(head.Length, buffer.Length);
        head[..count].CopyTo(buffer);
        head = head[count..];
        return ValueTask.FromResult(count);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
