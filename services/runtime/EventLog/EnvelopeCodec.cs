using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Patron.Runtime.EventLog;

/// <summary>The header names and value formats of <see cref="Envelope"/> (CloudEvents 1.0.2, Kafka protocol binding 3.2, binary mode).</summary>
internal static class EnvelopeCodec
{
    internal const string SpecVersion = "ce_specversion";
    internal const string Id = "ce_id";
    internal const string Source = "ce_source";
    internal const string Type = "ce_type";
    internal const string Time = "ce_time";
    internal const string ContentType = "content-type";
    internal const string StoreEpoch = "ce_storeepoch";
    internal const string Position = "ce_position";
    internal const string Previous = "ce_previous";
    internal const string FormerLives = "ce_formerlives";
    internal const string Watermarks = "ce_watermarks";
    internal const string Backfill = "ce_backfill";
    internal const string TraceParent = "ce_traceparent";

    private const string TimeWritten = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    private static readonly string[] TimeRead = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz"];
    private static readonly byte[] Version1 = "1.0"u8.ToArray();
    private static readonly byte[] Protobuf = Encoding.UTF8.GetBytes(Envelope.ContentType);
    private static readonly byte[] True = "true"u8.ToArray();

    internal static List<LogHeader> Write(Envelope envelope)
    {
        ArgumentException.ThrowIfNullOrEmpty(envelope.Id);
        ArgumentException.ThrowIfNullOrEmpty(envelope.Source);
        ArgumentException.ThrowIfNullOrEmpty(envelope.Type);
        ArgumentOutOfRangeException.ThrowIfLessThan(envelope.Position, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(envelope.Previous);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(envelope.Previous, envelope.Position);
        var headers = new List<LogHeader>(12)
        {
            new(SpecVersion, Version1),
            new(Id, Encoding.UTF8.GetBytes(envelope.Id)),
            new(Source, Encoding.UTF8.GetBytes(envelope.Source)),
            new(Type, Encoding.UTF8.GetBytes(envelope.Type)),
            new(Time, Text(envelope.Time.UtcDateTime, TimeWritten)),
            new(ContentType, Protobuf),
            new(StoreEpoch, Text(envelope.StoreEpoch, "D")),
            new(Position, Text(envelope.Position, "D")),
            new(Previous, Text(envelope.Previous, "D")),
        };
        if (envelope.FormerLives.Count > 0)
            headers.Add(new(FormerLives, PositionsText(envelope.FormerLives.Select(life => (life.Key.ToString("D"), life.Value)))));
        if (envelope.Watermarks.Count > 0)
            headers.Add(new(Watermarks, PositionsText(envelope.Watermarks.Select(pair => (pair.Key, pair.Value)))));
        if (envelope.Backfill)
            headers.Add(new(Backfill, True));
        if (envelope.TraceParent is { } trace && IsTraceParent(trace))
            headers.Add(new(TraceParent, Encoding.ASCII.GetBytes(trace)));
        return headers;
    }

    internal static bool TryRead(
        IReadOnlyList<LogHeader> headers, [NotNullWhen(true)] out Envelope? envelope, [NotNullWhen(false)] out string? whyNot)
    {
        var reading = new EnvelopeReading();
        for (var i = 0; i < headers.Count; i++)
            reading.Take(headers[i]);
        envelope = reading.Finish(out whyNot);
        return envelope is not null && whyNot is null;
    }

    internal static bool IsVersion1(ReadOnlySpan<byte> value) => value.SequenceEqual(Version1);

    internal static bool IsProtobuf(ReadOnlySpan<byte> value) => Ascii.EqualsIgnoreCase(value, Protobuf);

    internal static bool TryReadTime(ReadOnlySpan<byte> value, out DateTimeOffset time)
    {
        // The longest form that is accepted, seven fraction digits and a numeric offset, has 33 characters.
        Span<char> text = stackalloc char[33];
        time = default;
        return value.Length <= text.Length
            && Encoding.UTF8.TryGetChars(value, text, out var length)
            && DateTimeOffset.TryParseExact(
                text[..length], TimeRead, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
    }

    internal static bool TryReadNumber(ReadOnlySpan<byte> value, out long number) =>
        Utf8Parser.TryParse(value, out number, out var length) && length == value.Length && number >= 0;

    internal static bool TryReadLives(ReadOnlySpan<byte> value, Dictionary<Guid, long> lives)
    {
        var named = new Dictionary<string, long>();
        if (!TryReadPositions(value, named))
            return false;
        foreach (var (name, position) in named)
        {
            if (!Guid.TryParseExact(name, "D", out var epoch))
                return false;
            lives[epoch] = position;
        }

        return true;
    }

    internal static bool TryReadPositions(ReadOnlySpan<byte> value, Dictionary<string, long> positions)
    {
        foreach (var range in value.Split((byte)','))
        {
            var pair = value[range];
            var equals = pair.IndexOf((byte)'=');
            if (equals < 1
                || !TryReadNumber(pair[(equals + 1)..], out var position)
                || !positions.TryAdd(Encoding.UTF8.GetString(pair[..equals]), position))
                return false;
        }

        return true;
    }

    /// <summary>W3C Trace Context, level 1, section 3.2: version 00 has exactly four fields, a higher one may have more; ff is invalid.</summary>
    internal static bool IsTraceParent(string text)
    {
        if (text.Length < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-')
            return false;
        var version = text.AsSpan(0, 2);
        var trace = text.AsSpan(3, 32);
        var span = text.AsSpan(36, 16);
        var flags = text.AsSpan(53, 2);
        return IsHex(version) && IsHex(trace) && IsHex(span) && IsHex(flags)
            && version is not "ff"
            && trace.ContainsAnyExcept('0')
            && span.ContainsAnyExcept('0')
            && (text.Length == 55 || (version is not "00" && text[55] == '-'));
    }

    private static bool IsHex(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiHexDigitLower(c))
                return false;
        }

        return true;
    }

    private static byte[] PositionsText(IEnumerable<(string Name, long Position)> positions)
    {
        var text = new StringBuilder();
        foreach (var (topic, position) in positions.OrderBy(pair => pair.Name, StringComparer.Ordinal))
        {
            if (topic.Length == 0 || topic.AsSpan().ContainsAny(',', '=') || position < 0)
                throw new ArgumentException($"A watermark needs a topic name without ',' or '=' and a position of at least 0; got '{topic}' at {position}.");
            if (text.Length > 0)
                text.Append(',');
            text.Append(topic).Append('=').Append(position.ToString(CultureInfo.InvariantCulture));
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static byte[] Text<T>(T value, string format)
        where T : IUtf8SpanFormattable
    {
        Span<byte> text = stackalloc byte[48];
        value.TryFormat(text, out var length, format, CultureInfo.InvariantCulture);
        return text[..length].ToArray();
    }
}
