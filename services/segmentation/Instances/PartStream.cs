using System.Text;

namespace Patron.Segmentation;

/// <summary>
/// Parts as bytes, for what is too much for JSON: for each part a 1, its partition, the ticks of its moment in UTC and its value; a 0 at the end,
/// without which an answer was cut off.
/// </summary>
internal static class PartStream
{
    public static async Task WriteAsync<T>(
        Stream stream, IReadOnlyList<Part<T>> parts, Action<BinaryWriter, T> write, CancellationToken cancellation)
    {
        foreach (var part in parts)
            await stream.WriteAsync(Bytes(part, write), cancellation);
        await stream.WriteAsync(new byte[] { 0 }, cancellation);
    }

    /// <exception cref="EndOfStreamException">It was cut off.</exception>
    public static async Task<IReadOnlyList<Part<T>>> ReadAsync<T>(Stream stream, Func<BinaryReader, T> read, CancellationToken cancellation)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, cancellation);
        all.Position = 0;
        using var reader = new BinaryReader(all, Encoding.UTF8);
        var parts = new List<Part<T>>();
        while (reader.ReadByte() == 1)
            parts.Add(new(reader.ReadInt32(), new DateTimeOffset(reader.ReadInt64(), TimeSpan.Zero), read(reader)));
        return parts;
    }

    private static ReadOnlyMemory<byte> Bytes<T>(Part<T> part, Action<BinaryWriter, T> write)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write((byte)1);
        writer.Write(part.Partition);
        writer.Write(part.AsOf.UtcTicks);
        write(writer, part.Value);
        writer.Flush();
        return bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
    }
}
