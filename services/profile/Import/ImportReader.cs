using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using Google.Protobuf;

namespace Patron.Profile;

/// <summary>What is wrong with a row.</summary>
/// <param name="Row">As a spreadsheet counts: the first row of the file is 1.</param>
/// <param name="Column">The column's name, several parted by commas; empty when the row as a whole is meant.</param>
/// <param name="Cells">The row as it was; personal.</param>
internal sealed record RowFault(long Row, string Column, string Reason, IReadOnlyList<string> Cells);

/// <summary>The event that a row, or the rows of a receipt, became; or why it became none.</summary>
/// <param name="Row">The first of its rows.</param>
/// <param name="Indexes">Its rows within their block.</param>
/// <param name="Told">Null when there are faults.</param>
/// <param name="Faults">At least one for every row, when there are any.</param>
internal sealed record ImportItem(
    long Row, IReadOnlyList<int> Indexes, string Id, string? Time, IMessage Message, Told? Told, IReadOnlyList<RowFault> Faults);

/// <summary>
/// From rows to events, by the very rules that the ingestion door applies. Thread safe: blocks may be read side by side.
/// </summary>
/// <param name="rules">The door's own.</param>
/// <param name="source">The CloudEvents source of every event: together with a row's id its idempotency key for ever.</param>
/// <param name="defaultTime">
/// When it happened, where no column says so; RFC 3339, null when one must. The same in every run over a file, or rows would conflict.
/// </param>
/// <param name="zone">Of times without an offset; null refuses them.</param>
internal sealed class ImportReader(IngestReader rules, RowKind kind, RowFormat format, BoundMap map, string source, string? defaultTime, TimeZoneInfo? zone)
{
    private static readonly string[] LocalTimes =
        ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd HH:mm", "yyyy-MM-dd", "yyyy/MM/dd HH:mm:ss", "yyyy/MM/dd HH:mm", "yyyy/MM/dd"];

    private readonly IReadOnlyList<int> keys = map.KeyColumns;
    private readonly byte[] salt = Encoding.UTF8.GetBytes($"{kind.Name}\0{string.Join(',', map.Columns)}\0{defaultTime}\0");

    /// <param name="now">Business time.</param>
    public List<ImportItem> Read(RecordBlock block, DateTimeOffset now)
    {
        if (TryRead(block, now) is { } items)
            return items;
        // Parser and cutter see rows in different places, as after a stray quote or a lone carriage return: each row is then read for itself.
        return [.. Enumerable.Range(0, block.Count).SelectMany(i => ReadAlone(block, i, now))];
    }

    /// <summary>The faults of an event that was right by itself, but is refused for a reason of the whole.</summary>
    public IReadOnlyList<RowFault> Refused(ImportItem item, RecordBlock block, string pointer, string reason) =>
        [.. item.Indexes.Select(i => new RowFault(block.Row + i, map.ColumnOf(WithoutLine(pointer)), reason, CellsOf(block, i)))];

    private IReadOnlyList<string> CellsOf(RecordBlock block, int index) =>
        format.IsCsv ? CsvRows.CellsOf(block[index], format.Delimiter) : [Encoding.UTF8.GetString(block[index])];

    private List<ImportItem>? TryRead(RecordBlock block, DateTimeOffset now)
    {
        var items = new List<ImportItem>(block.Count);
        using var rows = Rows.Of(block, format, map.Columns);
        var isUtf8 = Utf8.IsValid(block.Bytes);
        Group? open = null;
        var index = 0;
        for (; rows.Next(); index++)
        {
            if (index == block.Count)
                return null;
            if (rows.IsBlank)
                continue;
            var key = KeyOf(rows);
            if (open is null || key is null || open.Key != key)
            {
                Close(open);
                open = new Group(kind.Open(), block.Row + index, key);
            }
            Fill(open, rows, index, isUtf8 || Utf8.IsValid(block[index]));
        }
        Close(open);
        return index == block.Count ? items : null;

        void Close(Group? group)
        {
            if (group is not null)
                items.Add(ItemOf(group, block, now));
        }
    }

    private List<ImportItem> ReadAlone(RecordBlock block, int index, DateTimeOffset now)
    {
        var bytes = block[index].ToArray();
        using var alone = new RecordBlock(block.Offset, block.Row + index, System.Buffers.ArrayPool<byte>.Shared.Rent(bytes.Length + 1), [bytes.Length]);
        bytes.CopyTo(alone.Rented, 0);
        if (TryRead(alone, now) is { } read)
            return read;
        var fault = new RowFault(
            alone.Row, "", "The quotes or line ends of this row are wrong; put quotes around a text with line ends.", [Encoding.UTF8.GetString(bytes)]);
        return [new ImportItem(block.Row + index, [index], "", "", kind.Open().Finish(new FieldErrors()), null, [fault])];
    }

    private void Fill(Group group, Rows rows, int index, bool isUtf8)
    {
        group.Draft.BeginRow();
        var fault = rows.Fault ?? (isUtf8 ? null : "This row is not in the encoding of the file.");
        if (fault is null)
        {
            map.Fill(group.Draft, rows.Value, group.Errors);
            fault = rows.Fault;
        }
        if (fault is not null)
            group.Broken.Add((group.Indexes.Count, fault));
        group.Indexes.Add(index);
    }

    private ImportItem ItemOf(Group group, RecordBlock block, DateTimeOffset now)
    {
        var message = group.Draft.Finish(group.Errors);
        var time = TimeOf(group.Draft.Time);
        var id = group.Draft.Id ?? IdOf(block, group.Indexes);
        Told? told = null;
        if (group.Broken.Count == 0)
            told = rules.Read(new CloudEvent("", "/", "", "1.0", kind.Type, source, id, time, null, default), message, now, group.Errors);
        var isWrong = told is null || group.Errors.Count > 0;
        return new ImportItem(
            group.Row, group.Indexes, id, time, message, isWrong ? null : told, isWrong ? FaultsOf(group, block) : []);
    }

    // Every row of a receipt is listed, so that the corrected error file is complete.
    private List<RowFault> FaultsOf(Group group, RecordBlock block)
    {
        var found = group.Broken.Select(b => (Row: b.Row, Column: "", b.Reason))
            .Concat(group.Errors.Found.Select(e => (Row: RowOf(e.Path), Column: map.ColumnOf(WithoutLine(e.Path)), Reason: e.Detail))).ToList();
        return [.. group.Indexes.Select((index, row) =>
        {
            var own = found.Where(f => f.Row == row).ToList();
            return own.Count == 0
                ? new RowFault(block.Row + index, "", "Another row of this receipt is wrong.", CellsOf(block, index))
                : new RowFault(
                    block.Row + index, string.Join(", ", own.Select(f => f.Column).Where(c => c.Length > 0).Distinct()),
                    string.Join(" ", own.Select(f => f.Reason).Distinct()), CellsOf(block, index));
        })];
    }

    private string? KeyOf(Rows rows) => keys.Count == 0 ? null : string.Join('\0', keys.Select(rows.Value));

    private string? TimeOf(string? text)
    {
        if (text is null)
            return defaultTime;
        var time = text.Trim();
        if (zone is null || !DateTime.TryParseExact(time, LocalTimes, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local))
            return time;
        return new DateTimeOffset(local, zone.GetUtcOffset(local)).ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);
    }

    // The same row of the same file is the same event; a changed one is another.
    private string IdOf(RecordBlock block, List<int> indexes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(salt);
        foreach (var index in indexes)
            hash.AppendData(block[index]);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    private static int RowOf(string pointer) =>
        pointer.Split('/') is ["", "lines", var line, ..] && int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var row) ? row : 0;

    private static string WithoutLine(string pointer) => pointer.Split('/') is ["", "lines", _, .. var rest] ? $"/lines/{string.Join('/', rest)}" : pointer;

    private sealed record Group(ImportDraft Draft, long Row, string? Key)
    {
        public FieldErrors Errors { get; } = new();

        public List<int> Indexes { get; } = [];

        public List<(int Row, string Reason)> Broken { get; } = [];
    }
}
