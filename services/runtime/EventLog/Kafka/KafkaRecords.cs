using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Patron.Runtime.EventLog.Kafka;

/// <summary>Records as the Kafka client wants and gives them.</summary>
internal static class KafkaRecords
{
    private const int NamesMax = 32;

    public static Message<string?, ReadOnlyMemory<byte>?> ToMessage(LogRecord record)
    {
        var headers = new Headers();
        for (var i = 0; i < record.Headers.Count; i++)
            headers.Add(record.Headers[i].Name, Bytes(record.Headers[i].Value));
        return new Message<string?, ReadOnlyMemory<byte>?> { Key = record.Key, Headers = headers, Value = record.Value };
    }

    /// <summary>
    /// What the client gives are two dozen small objects; those that are kept until the record is applied are five, since each of them is looked
    /// at by every collection meanwhile.
    /// </summary>
    /// <param name="names">Names of the headers of the record before, which mostly are the same.</param>
    public static LogRecord ToRecord(Message<string?, byte[]?> message, List<string> names)
    {
        var told = message.Headers;
        var headers = new LogHeader[told?.Count ?? 0];
        var length = 0;
        for (var i = 0; i < headers.Length; i++)
            length += told![i].GetValueBytes()?.Length ?? 0;
        var values = new byte[length];
        for (int i = 0, at = 0; i < headers.Length; i++)
        {
            var value = told![i].GetValueBytes() ?? [];
            value.CopyTo(values, at);
            headers[i] = new LogHeader(NameOf(told[i].Key, i, names), values.AsMemory(at, value.Length));
            at += value.Length;
        }

        return new LogRecord(message.Key, headers, message.Value is null ? default(ReadOnlyMemory<byte>?) : message.Value);
    }

    private static string NameOf(string name, int place, List<string> names)
    {
        if (place < names.Count && names[place] == name)
            return names[place];
        if (place < names.Count)
            names[place] = name;
        else if (names.Count < NamesMax)
            names.Add(name);
        return name;
    }

    private static byte[] Bytes(ReadOnlyMemory<byte> memory) =>
        MemoryMarshal.TryGetArray(memory, out var segment) && segment.Offset == 0 && segment.Count == segment.Array!.Length
            ? segment.Array
            : memory.ToArray();

    public sealed class KeySerializer : ISerializer<string?>
    {
        public byte[] Serialize(string? data, SerializationContext context) => data is null ? null! : System.Text.Encoding.UTF8.GetBytes(data);
    }

    public sealed class ValueSerializer : ISerializer<ReadOnlyMemory<byte>?>
    {
        public byte[] Serialize(ReadOnlyMemory<byte>? data, SerializationContext context) => data is { } value ? Bytes(value) : null!;
    }

    public sealed class KeyDeserializer : IDeserializer<string?>
    {
        public string? Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context) =>
            isNull ? null : System.Text.Encoding.UTF8.GetString(data);
    }

    public sealed class ValueDeserializer : IDeserializer<byte[]?>
    {
        public byte[]? Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context) => isNull ? null : data.ToArray();
    }
}
