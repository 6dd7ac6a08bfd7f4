using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;
using Patron.Runtime.EventLog;

namespace Patron.Services.Tests.Privacy;

/// <summary>Which canaries were found, and where each.</summary>
internal sealed class Sightings
{
    private readonly SortedDictionary<string, SortedSet<int>> byPlace = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, SortedSet<int>> ByPlace => byPlace;

    public SortedSet<int> Canaries => [.. byPlace.Values.SelectMany(c => c)];

    public bool IsEmpty => byPlace.Count == 0;

    public void Add(string place, IEnumerable<int> canaries)
    {
        foreach (var canary in canaries)
        {
            if (!byPlace.TryGetValue(place, out var there))
                byPlace.Add(place, there = []);
            there.Add(canary);
        }
    }

    public override string ToString() => string.Join(
        Environment.NewLine, byPlace.Select(p => $"{p.Key}: {p.Value.Count}, such as {string.Join(", ", p.Value.Take(5).Select(c => Canary.Text(c)))}"));
}

/// <summary>
/// Looks for canaries in whatever a service may have written: as they are, in any case, escaped for JSON or an address, in UTF-16, in base64 and
/// hexadecimal digits, packed by gzip, zlib or brotli, and any of these in another.
/// </summary>
internal static partial class CanaryScan
{
    private const int DepthMax = 4;
    private const int UnpackedBytesMax = 16 * 1024 * 1024;

    public static IReadOnlyCollection<int> In(string text) => In(text, 0);

    public static IReadOnlyCollection<int> In(ReadOnlyMemory<byte> bytes) => In(bytes.ToArray(), 0);

    /// <summary>Every column of every table of every schema but the system's own, and how many columns that are.</summary>
    public static async Task<(Sightings Found, int Columns)> DatabaseAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        var found = new Sightings();
        var columns = await ColumnsAsync(database, cancellation);
        foreach (var table in columns.GroupBy(c => (c.Schema, c.Table)))
        {
            var names = table.Select(c => c.IsBytes ? $"\"{c.Name}\"" : $"\"{c.Name}\"::text");
            await using var command = database.CreateCommand($"select {string.Join(", ", names)} from \"{table.Key.Schema}\".\"{table.Key.Table}\"");
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
            {
                foreach (var (i, column) in table.Index())
                {
                    if (!row.IsDBNull(i))
                        found.Add($"{column.Schema}.{column.Table}.{column.Name}", column.IsBytes ? In(row.GetFieldValue<byte[]>(i)) : In(row.GetString(i)));
                }
            }
        }

        return (found, columns.Count);
    }

    /// <summary>Every record of these topics as a reader gets it: key, headers and value.</summary>
    public static async Task<(Sightings Found, int Records)> LogAsync(IEventLog log, IReadOnlyList<Topic> topics, CancellationToken cancellation)
    {
        var found = new Sightings();
        var records = 0;
        await log.OpenAsync([.. topics], cancellation);
        foreach (var topic in topics)
        {
            await using var reader = log.OpenReader();
            var left = (await log.EndOffsetsAsync(topic, cancellation)).Index().Where(e => e.Item > 0).ToDictionary(e => e.Index, e => e.Item);
            foreach (var partition in left.Keys)
                reader.Assign(topic, partition, 0);
            while (left.Count > 0)
            {
                try
                {
                    foreach (var batch in await reader.ReadAsync(1000, TimeSpan.FromSeconds(5), cancellation))
                    {
                        if (batch.NextOffset >= left.GetValueOrDefault(batch.Partition))
                            left.Remove(batch.Partition);
                        records += batch.Records.Count;
                        foreach (var read in batch.Records)
                            found.Add(topic.Name, In(read.Record));
                    }
                }
                catch (EventLogException lost) when (lost is { LostOffset: { } at, GoesOnAt: { } next })
                {
                    reader.Assign(topic, at.Partition, next);
                    if (next >= left[at.Partition])
                        left.Remove(at.Partition);
                }
            }
        }

        return (found, records);
    }

    private static IEnumerable<int> In(LogRecord record) =>
        record.Headers.SelectMany(h => In(h.Value)).Concat(In(record.Key ?? "")).Concat(In(record.Value ?? default));

    private static HashSet<int> In(string text, int depth)
    {
        var found = Plain(text);
        if (depth >= DepthMax)
            return found;
        var unescaped = JsonEscape().Replace(text, e => ((char)Convert.ToUInt16(e.Groups[1].Value, 16)).ToString());
        found.UnionWith(Plain(unescaped));
        found.UnionWith(Plain(Uri.UnescapeDataString(unescaped)));
        foreach (Match run in Base64().Matches(unescaped))
        {
            var packed = run.Value.Replace('-', '+').Replace('_', '/');
            var padded = packed.TrimEnd('=');
            padded += new string('=', (4 - padded.Length % 4) % 4);
            var bytes = new byte[padded.Length];
            if (Convert.TryFromBase64String(padded, bytes, out var length))
                found.UnionWith(In(bytes[..length], depth + 1));
        }

        foreach (Match run in Hexadecimal().Matches(text))
            found.UnionWith(In(Convert.FromHexString(run.Value), depth + 1));
        return found;
    }

    private static HashSet<int> In(byte[] bytes, int depth)
    {
        var found = In(Encoding.UTF8.GetString(bytes), depth);
        found.UnionWith(Plain(Encoding.Unicode.GetString(bytes)));
        found.UnionWith(Plain(Encoding.BigEndianUnicode.GetString(bytes)));
        if (depth < DepthMax)
        {
            foreach (var unpacked in Unpacked(bytes))
                found.UnionWith(In(unpacked, depth + 1));
        }

        return found;
    }

    private static HashSet<int> Plain(string text) =>
        [.. Canary.Pattern().Matches(text).Select(m => int.Parse(m.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture))];

    private static IEnumerable<byte[]> Unpacked(byte[] bytes)
    {
        if (bytes.Length < 8)
            yield break;
        if (bytes[0] == 0x1f && bytes[1] == 0x8b && Unpack(new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress)) is { } gzip)
            yield return gzip;
        if (bytes[0] == 0x78 && Unpack(new ZLibStream(new MemoryStream(bytes), CompressionMode.Decompress)) is { } zlib)
            yield return zlib;
        if (Unpack(new BrotliStream(new MemoryStream(bytes), CompressionMode.Decompress)) is { } brotli)
            yield return brotli;
    }

    private static byte[]? Unpack(Stream packed)
    {
        using (packed)
        using (var unpacked = new MemoryStream())
        {
            try
            {
                var buffer = new byte[64 * 1024];
                while (unpacked.Length < UnpackedBytesMax && packed.Read(buffer) is > 0 and var count)
                    unpacked.Write(buffer, 0, count);
                return unpacked.ToArray();
            }
            catch (Exception fault) when (fault is InvalidDataException or InvalidOperationException or IOException)
            {
                return null;
            }
        }
    }

    private static async Task<List<(string Schema, string Table, string Name, bool IsBytes)>> ColumnsAsync(
        NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select c.table_schema, c.table_name, c.column_name, c.data_type = 'bytea' from information_schema.columns c
            join information_schema.tables t using (table_schema, table_name)
            where t.table_type = 'BASE TABLE' and c.table_schema not in ('pg_catalog', 'information_schema')
            order by 1, 2, c.ordinal_position
            """);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var columns = new List<(string, string, string, bool)>();
        while (await row.ReadAsync(cancellation))
            columns.Add((row.GetString(0), row.GetString(1), row.GetString(2), row.GetBoolean(3)));
        return columns;
    }

    [GeneratedRegex(@"\\u([0-9A-Fa-f]{4})")]
    private static partial Regex JsonEscape();

    [GeneratedRegex("[A-Za-z0-9+/_-]{12,}={0,2}")]
    private static partial Regex Base64();

    [GeneratedRegex("(?:[0-9A-Fa-f]{2}){6,}")]
    private static partial Regex Hexadecimal();
}
