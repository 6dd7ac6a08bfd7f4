using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Patron.Runtime.EventLog.Postgres;

/// <summary>
/// The bytes of a batch of records in a table row, format 1:
/// <code>
/// byte    format = 1
/// uint32  CRC-32C (Castagnoli) of all bytes that follow, little-endian
/// varint  records
/// record  varint key length + 1, key in UTF-8        (0: no key)
///         varint value length + 1, value             (0: tombstone)
///         varint headers, each header:
///           varint name number × 2, + 1 if the value is that of the name's last occurrence in this batch
///           a name number that is not known yet is the next one, and is followed by varint length, name in UTF-8
///           varint length, value                     (unless repeated)
/// </code>
/// Varints are unsigned LEB128. Most headers of neighbouring facts are equal, so that a fact's headers take about 60 bytes of 400.
/// </summary>
internal static class RecordPacking
{
    internal const byte Format = 1;
    internal const int PreambleBytes = 5;

    public static IReadOnlyList<LogRecord> Unpack(byte[] body)
    {
        if (body.Length <= PreambleBytes || body[0] != Format)
            throw new EventLogException($"A record batch has the unknown format {(body.Length == 0 ? -1 : body[0])}; this version reads {Format}.");
        var expected = BinaryPrimitives.ReadUInt32LittleEndian(body.AsSpan(1));
        if (Checksum(body.AsSpan(PreambleBytes)) != expected)
            throw new EventLogException("A record batch does not match its checksum; restore the log's database, or wipe the log and publish it again.");
        return new Unpacking(body).All();
    }

    internal static uint Checksum(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        for (; data.Length >= sizeof(ulong); data = data[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
        foreach (var b in data)
            crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }

    private struct Unpacking(byte[] body)
    {
        private readonly List<(string Name, ReadOnlyMemory<byte> Last)> names = [];
        private int at = PreambleBytes;

        public LogRecord[] All()
        {
            var records = new LogRecord[Number()];
            for (var i = 0; i < records.Length; i++)
            {
                var keyLength = Number() - 1;
                var key = keyLength < 0 ? null : Encoding.UTF8.GetString(Bytes(keyLength).Span);
                var valueLength = Number() - 1;
                // The plain null would turn into an empty memory, by way of an array.
                var value = valueLength < 0 ? default(ReadOnlyMemory<byte>?) : Bytes(valueLength);
                records[i] = new LogRecord(key, Headers(), value);
            }

            return records;
        }

        private LogHeader[] Headers()
        {
            var count = Number();
            if (count == 0)
                return [];
            var headers = new LogHeader[count];
            for (var i = 0; i < headers.Length; i++)
            {
                var tag = Number();
                var number = tag >> 1;
                if (number == names.Count)
                    names.Add((Encoding.UTF8.GetString(Bytes(Number()).Span), default));
                var (name, last) = names[number];
                if ((tag & 1) == 0)
                    names[number] = (name, last = Bytes(Number()));
                headers[i] = new LogHeader(name, last);
            }

            return headers;
        }

        private ReadOnlyMemory<byte> Bytes(int length)
        {
            var bytes = body.AsMemory(at, length);
            at += length;
            return bytes;
        }

        private int Number()
        {
            uint number = 0;
            for (var shift = 0; ; shift += 7)
            {
                var b = body[at++];
                number |= (uint)(b & 0x7f) << shift;
                if (b < 0x80)
                    return checked((int)number);
            }
        }
    }
}
