using System.Text;

namespace Patron.Runtime.EventLog;

/// <summary>
/// The partition of a customer: murmur2 of the id's 36-character lower-case text, as Kafka's Java clients compute it for that key
/// (<c>Utils.toPositive(Utils.murmur2(key)) % partitions</c>), for stores and topics alike.
/// </summary>
public static class CustomerPartition
{
    /// <summary>Answers a number from 0 to <paramref name="partitions"/> − 1.</summary>
    public static int Of(Guid customer, int partitions)
    {
        Span<byte> text = stackalloc byte[36];
        customer.TryFormat(text, out _);
        return (Murmur2(text) & 0x7fffffff) % partitions;
    }

    /// <summary>The same for any key text.</summary>
    public static int Of(string key, int partitions) => (Murmur2(Encoding.UTF8.GetBytes(key)) & 0x7fffffff) % partitions;

    internal static int Murmur2(ReadOnlySpan<byte> data)
    {
        const uint m = 0x5bd1e995;
        var h = 0x9747b28c ^ (uint)data.Length;
        while (data.Length >= 4)
        {
            var k = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(data) * m;
            k ^= k >> 24;
            h = (h * m) ^ (k * m);
            data = data[4..];
        }

        if (data.Length == 3)
            h ^= (uint)data[2] << 16;
        if (data.Length >= 2)
            h ^= (uint)data[1] << 8;
        if (data.Length >= 1)
            h = (h ^ data[0]) * m;
        h = (h ^ (h >> 13)) * m;
        return (int)(h ^ (h >> 15));
    }
}
