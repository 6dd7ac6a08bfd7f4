using System.Buffers.Text;
using System.Text;

namespace Patron.Runtime.EventLog;

/// <summary>Collects an envelope's attributes header by header, and the first reason why they make none.</summary>
internal struct EnvelopeReading
{
    private static readonly Dictionary<string, long> NoWatermarks = [];
    private static readonly Dictionary<Guid, long> NoLives = [];

    // Records come in runs of one source and type, whose texts need not be made again.
    [ThreadStatic]
    private static string? lastSource, lastType;

    private string? id;
    private string? source;
    private string? type;
    private string? traceParent;
    private DateTimeOffset? time;
    private Guid? storeEpoch;
    private long? position;
    private long? previous;
    private bool? backfill;
    private bool version;
    private bool contentType;
    private Dictionary<string, long>? watermarks;
    private Dictionary<Guid, long>? formerLives;
    private string? whyNot;

    public void Take(LogHeader header)
    {
        var value = header.Value.Span;
        switch (header.Name)
        {
            case EnvelopeCodec.SpecVersion when !version:
                version = true;
                Require(EnvelopeCodec.IsVersion1(value), header, "is not 1.0");
                break;
            case EnvelopeCodec.ContentType when !contentType:
                contentType = true;
                Require(EnvelopeCodec.IsProtobuf(value), header, $"is not {Envelope.ContentType}");
                break;
            case EnvelopeCodec.Id:
                id ??= Encoding.UTF8.GetString(value);
                break;
            case EnvelopeCodec.Source:
                source ??= Same(value, ref lastSource);
                break;
            case EnvelopeCodec.Type:
                type ??= Same(value, ref lastType);
                break;
            case EnvelopeCodec.TraceParent:
                traceParent ??= Encoding.UTF8.GetString(value);
                break;
            case EnvelopeCodec.Watermarks when watermarks is null:
                Require(EnvelopeCodec.TryReadPositions(value, watermarks = []), header, "is not a list of topic=position, separated by commas");
                break;
            case EnvelopeCodec.Backfill when backfill is null:
                backfill = value.SequenceEqual("true"u8);
                Require(backfill.Value || value.SequenceEqual("false"u8), header, "is neither true nor false");
                break;
            default:
                TakeNumeric(header);
                break;
        }
    }

    public readonly Envelope? Finish(out string? reason)
    {
        reason = whyNot ?? Missing();
        if (reason is null && position < 1)
            reason = $"{EnvelopeCodec.Position} is below 1";
        if (reason is null && previous >= position)
            reason = $"{EnvelopeCodec.Previous} is not below {EnvelopeCodec.Position}";
        if (reason is not null)
            return null;
        return new Envelope
        {
            Id = id!,
            Source = source!,
            Type = type!,
            Time = time!.Value,
            StoreEpoch = storeEpoch!.Value,
            Position = position!.Value,
            Previous = previous!.Value,
            FormerLives = formerLives ?? NoLives,
            Watermarks = watermarks ?? NoWatermarks,
            Backfill = backfill ?? false,
            TraceParent = traceParent is not null && EnvelopeCodec.IsTraceParent(traceParent) ? traceParent : null,
        };
    }

    private void TakeNumeric(LogHeader header)
    {
        var value = header.Value.Span;
        switch (header.Name)
        {
            case EnvelopeCodec.Time when time is null:
                Require(EnvelopeCodec.TryReadTime(value, out var instant), header, "is not an RFC 3339 time with a zone");
                time = instant;
                break;
            case EnvelopeCodec.StoreEpoch when storeEpoch is null:
                Require(Utf8Parser.TryParse(value, out Guid epoch, out var length, 'D') && length == value.Length, header, "is not a UUID");
                storeEpoch = epoch;
                break;
            case EnvelopeCodec.FormerLives when formerLives is null:
                Require(EnvelopeCodec.TryReadLives(value, formerLives = []), header, "is not a list of epoch=position, separated by commas");
                break;
            case EnvelopeCodec.Position when position is null:
                Require(EnvelopeCodec.TryReadNumber(value, out var at), header, "is not a whole number of at least 0");
                position = at;
                break;
            case EnvelopeCodec.Previous when previous is null:
                Require(EnvelopeCodec.TryReadNumber(value, out var before), header, "is not a whole number of at least 0");
                previous = before;
                break;
        }
    }

    private static string Same(ReadOnlySpan<byte> value, ref string? last) =>
        last is not null && Ascii.Equals(value, last) ? last : last = Encoding.UTF8.GetString(value);

    private void Require(bool holds, LogHeader header, string complaint)
    {
        if (!holds)
            whyNot ??= $"{header.Name} {complaint}";
    }

    private readonly string? Missing()
    {
        var name = !version ? EnvelopeCodec.SpecVersion
            : string.IsNullOrEmpty(id) ? EnvelopeCodec.Id
            : string.IsNullOrEmpty(source) ? EnvelopeCodec.Source
            : string.IsNullOrEmpty(type) ? EnvelopeCodec.Type
            : time is null ? EnvelopeCodec.Time
            : !contentType ? EnvelopeCodec.ContentType
            : storeEpoch is null ? EnvelopeCodec.StoreEpoch
            : position is null ? EnvelopeCodec.Position
            : previous is null ? EnvelopeCodec.Previous
            : null;
        return name is null ? null : $"{name} is missing or empty";
    }
}
