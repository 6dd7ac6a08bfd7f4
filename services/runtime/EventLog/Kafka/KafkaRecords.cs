using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Patron.Runtime.EventLog.Kafka;

/// <summary>Records as the Kafka client wants and gives them.</summary>
internal static class KafkaRecords
{
    public static Message<string?, ReadOnlyMemory<byte>?> ToMessage(LogRecord record)
    {
        var headers = new Headers();
        for (var i = 0; i < record.Headers.Count; i++)
            headers.Add(record.Headers[i].Name, Bytes(record.Headers[i].Value));
        return new Message<string?, ReadOnlyMemory<byte>?> { Key = record.Key, Headers = headers, Value = record.Value };
    }

    public static LogRecord ToRecord(Message<string?, byte[]?> message)
    {
        var headers = new LogHeader[message.Headers?.Count ?? 0];
        for (var i = 0; i < headers.Length; i++)
            headers[i] = new LogHeader(message.Headers![i].Key, message.Headers[i].GetValueBytes());
        return new LogRecord(message.Key, headers, message.Value is null ? default(ReadOnlyMemory<byte>?) : message.Value);
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
