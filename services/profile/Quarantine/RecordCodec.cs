using System.Text;
using Patron.Runtime.EventLog;

namespace Patron.Profile;

/// <summary>A record of the log as bytes: key, headers, value, each with its length before it; a length of -1 stands for none.</summary>
internal static class RecordCodec
{
    public static byte[] Write(LogRecord record)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        Put(writer, record.Key is null ? null : Encoding.UTF8.GetBytes(record.Key));
        writer.Write(record.Headers.Count);
        foreach (var header in record.Headers)
        {
            Put(writer, Encoding.UTF8.GetBytes(header.Name));
            Put(writer, header.Value);
        }
        Put(writer, record.Value);
        writer.Flush();
        return bytes.ToArray();
    }

    public static LogRecord Read(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes), Encoding.UTF8);
        var key = Take(reader);
        var headers = new LogHeader[reader.ReadInt32()];
        for (var i = 0; i < headers.Length; i++)
            headers[i] = new LogHeader(Encoding.UTF8.GetString(Take(reader)!), Take(reader)!);
        var value = Take(reader);
        return new LogRecord(key is null ? null : Encoding.UTF8.GetString(key), headers, value is null ? null : new ReadOnlyMemory<byte>(value));
    }

    private static void Put(BinaryWriter writer, ReadOnlyMemory<byte>? bytes)
    {
        writer.Write(bytes?.Length ?? -1);
        if (bytes is { } some)
            writer.Write(some.Span);
    }

    private static byte[]? Take(BinaryReader reader) => reader.ReadInt32() is var length && length < 0 ? null : reader.ReadBytes(length);
}
