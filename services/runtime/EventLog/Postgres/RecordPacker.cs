using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Patron.Runtime.EventLog.Postgres;

/// <summary>Writes batches one after the other into one pooled buffer; used by one task at a time.</summary>
internal sealed class RecordPacker : IDisposable
{
    // A varint of four bytes counts 268 million records.
    private const int CountBytes = 4;

    private readonly Dictionary<string, int> names = [];
    private readonly List<ReadOnlyMemory<byte>> lastValues = [];
    private byte[] buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
    private int start;
    private int used;
    private int records;

    /// <summary>Bytes of the records taken since the last <see cref="Finish"/>.</summary>
    public int BatchBytes => used - start;

    public int Records => records;

    /// <summary>Bytes of all batches since the last <see cref="Reset"/>.</summary>
    public int TotalBytes => used;

    /// <summary>A finished batch; valid until <see cref="Reset"/>.</summary>
    public ReadOnlyMemory<byte> Slice(Range range) => buffer.AsMemory(range);

    public void Add(LogRecord record)
    {
        if (records++ == 0)
        {
            _ = Room(RecordPacking.PreambleBytes + CountBytes);
            used += RecordPacking.PreambleBytes + CountBytes;
        }

        if (record.Key is null)
            Number(0);
        else
            Text(record.Key, plus: 1);
        if (record.Value is { } value)
            Bytes(value.Span, plus: 1);
        else
            Number(0);
        Number(record.Headers.Count);
        for (var i = 0; i < record.Headers.Count; i++)
            Header(record.Headers[i]);
    }

    /// <summary>Ends the batch and answers where it stands in the buffer.</summary>
    public Range Finish()
    {
        // The count comes before the records but is known after them, so that it takes the last of the bytes kept free for it.
        var reserved = start + RecordPacking.PreambleBytes + CountBytes;
        Span<byte> count = stackalloc byte[CountBytes];
        var length = WriteNumber(count, (uint)records);
        count[..length].CopyTo(buffer.AsSpan(reserved - length));
        var begin = reserved - length - RecordPacking.PreambleBytes;
        buffer[begin] = RecordPacking.Format;
        var content = buffer.AsSpan((begin + RecordPacking.PreambleBytes)..used);
        BinaryPrimitives.WriteUInt32LittleEndian(buffer.AsSpan(begin + 1), RecordPacking.Checksum(content));
        var range = begin..used;
        (start, records) = (used, 0);
        names.Clear();
        lastValues.Clear();
        return range;
    }

    public void Reset() => (start, used, records) = (0, 0, 0);

    public void Dispose() => ArrayPool<byte>.Shared.Return(buffer);

    private void Header(LogHeader header)
    {
        if (!names.TryGetValue(header.Name, out var number))
        {
            names[header.Name] = number = names.Count;
            lastValues.Add(default);
            Number(number << 1);
            Text(header.Name, plus: 0);
        }
        else if (lastValues[number].Span.SequenceEqual(header.Value.Span))
        {
            Number((number << 1) | 1);
            return;
        }
        else
        {
            Number(number << 1);
        }

        lastValues[number] = header.Value;
        Bytes(header.Value.Span, plus: 0);
    }

    private void Text(string text, int plus)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        Number(length + plus);
        Encoding.UTF8.GetBytes(text, Room(length));
        used += length;
    }

    private void Bytes(ReadOnlySpan<byte> bytes, int plus)
    {
        Number(bytes.Length + plus);
        bytes.CopyTo(Room(bytes.Length));
        used += bytes.Length;
    }

    private void Number(int number) => used += WriteNumber(Room(5), (uint)number);

    private Span<byte> Room(int bytes)
    {
        if (buffer.Length - used < bytes)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(buffer.Length * 2, used + bytes));
            buffer.AsSpan(0, used).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }

        return buffer.AsSpan(used);
    }

    private static int WriteNumber(Span<byte> to, uint number)
    {
        var length = 0;
        for (; number >= 0x80; number >>= 7)
            to[length++] = (byte)(number | 0x80);
        to[length++] = (byte)number;
        return length;
    }
}
