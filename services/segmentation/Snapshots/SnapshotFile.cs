using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Patron.Runtime.Privacy;

namespace Patron.Segmentation.Snapshots;

/// <summary>
/// A snapshot on the disk: <c>PATRONSG</c>, version, length of the header (4 bytes each), header as JSON, length of the content (8 bytes); the
/// content in boxes (<see cref="SealedBox"/>) of a mebibyte, each bound to all of that and to its number; the SHA-256 of everything before. Numbers are
/// little endian. The sum tells what is damaged from what another key has sealed.
/// </summary>
internal static class SnapshotFile
{
    /// <summary>Of what fields mean; where only their names change, that is noticed by itself.</summary>
    private const int Version = 1;
    private const int ChunkBytes = 1 << 20;
    private const int BoxExtraBytes = 28;
    private const int HeaderBytesMax = 65_536;

    private static ReadOnlySpan<byte> Magic => "PATRONSG"u8;

    /// <summary>Writes beside the file, has it reach the disk, and puts it in place of the one before.</summary>
    public static async Task WriteAsync(string path, SnapshotPlace place, ReadOnlyMemory<byte> content, byte[] key, CancellationToken cancellation)
    {
        var beside = $"{path}.{Guid.CreateVersion7():N}.writing";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0, Options = FileOptions.Asynchronous };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await using (var file = new FileStream(beside, options))
            {
                using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                var head = Head(place, content.Length);
                var bound = BoundTo(head);
                await PutAsync(head);
                for (var (chunk, from) = (0, 0); from < content.Length; chunk++, from += ChunkBytes)
                    await PutAsync(SealedBox.Seal(key, content.Span.Slice(from, Math.Min(ChunkBytes, content.Length - from)), bound(chunk)));
                await file.WriteAsync(sum.GetHashAndReset(), cancellation);
                file.Flush(flushToDisk: true);

                async Task PutAsync(byte[] bytes)
                {
                    sum.AppendData(bytes);
                    await file.WriteAsync(bytes, cancellation);
                }
            }

            File.Move(beside, path, overwrite: true);
        }
        finally
        {
            File.Delete(beside);
        }
    }

    /// <param name="check">Says why a snapshot of this place cannot be used, before its content is opened.</param>
    /// <exception cref="SnapshotException">It is damaged, sealed with another key, of another version, or does not pass.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static async Task<(SnapshotPlace Place, byte[] Content)> ReadAsync(
        string path, byte[] key, Func<SnapshotPlace, string?> check, CancellationToken cancellation)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, ChunkBytes, useAsync: true);
        await CheckSumAsync(file, cancellation);
        file.Position = 0;
        var (head, place, length) = await ReadHeadAsync(file, cancellation);
        if (check(place) is { } whyNot)
            throw new SnapshotException(whyNot);
        var bound = BoundTo(head);
        var content = new byte[length];
        var box = new byte[ChunkBytes + BoxExtraBytes];
        for (var (chunk, from) = (0, 0); from < length; chunk++, from += ChunkBytes)
        {
            var sealedBytes = box.AsMemory(0, Math.Min(ChunkBytes, (int)length - from) + BoxExtraBytes);
            await file.ReadExactlyAsync(sealedBytes, cancellation);
            Open(key, sealedBytes.Span, bound(chunk)).CopyTo(content, from);
        }

        return (place, content);
    }

    private static byte[] Open(byte[] key, ReadOnlySpan<byte> box, byte[] boundTo)
    {
        try
        {
            return SealedBox.Open(key, box, boundTo);
        }
        catch (CryptographicException)
        {
            throw new SnapshotException("was sealed with another key, or somebody changed it");
        }
    }

    private static byte[] Head(SnapshotPlace place, int contentBytes)
    {
        var header = JsonSerializer.SerializeToUtf8Bytes(place, SnapshotJson.Default.SnapshotPlace);
        var head = new byte[Magic.Length + 8 + header.Length + 8];
        Magic.CopyTo(head);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(Magic.Length), Version);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(Magic.Length + 4), header.Length);
        header.CopyTo(head, Magic.Length + 8);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(head.Length - 8), contentBytes);
        return head;
    }

    private static async Task<(byte[] Head, SnapshotPlace Place, long ContentBytes)> ReadHeadAsync(FileStream file, CancellationToken cancellation)
    {
        var first = new byte[Magic.Length + 8];
        await file.ReadExactlyAsync(first, cancellation);
        if (BinaryPrimitives.ReadInt32LittleEndian(first.AsSpan(Magic.Length)) is var version && version != Version)
            throw new SnapshotException($"is of version {version}, and this is {Version}");
        var headerBytes = BinaryPrimitives.ReadInt32LittleEndian(first.AsSpan(Magic.Length + 4));
        if (headerBytes is < 0 or > HeaderBytesMax)
            throw new SnapshotException("has no header");
        var head = new byte[first.Length + headerBytes + 8];
        first.CopyTo(head, 0);
        await file.ReadExactlyAsync(head.AsMemory(first.Length), cancellation);
        var contentBytes = BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(head.Length - 8));
        return PlaceIn(head.AsSpan(first.Length, headerBytes)) is { } place && contentBytes >= 0 && contentBytes <= file.Length
            ? (head, place, contentBytes)
            : throw new SnapshotException("has no header");
    }

    private static SnapshotPlace? PlaceIn(ReadOnlySpan<byte> header)
    {
        try
        {
            return JsonSerializer.Deserialize(header, SnapshotJson.Default.SnapshotPlace);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task CheckSumAsync(FileStream file, CancellationToken cancellation)
    {
        var left = file.Length - SHA256.HashSizeInBytes;
        var bytes = new byte[ChunkBytes];
        if (left < Magic.Length + 16)
            throw new SnapshotException("is damaged or cut short");
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var isFirst = true; left > 0; isFirst = false)
        {
            var some = bytes.AsMemory(0, (int)Math.Min(left, bytes.Length));
            await file.ReadExactlyAsync(some, cancellation);
            if (isFirst && !some.Span.StartsWith(Magic))
                throw new SnapshotException("is no snapshot of segments");
            sum.AppendData(some.Span);
            left -= some.Length;
        }

        var told = new byte[SHA256.HashSizeInBytes];
        await file.ReadExactlyAsync(told, cancellation);
        if (!told.AsSpan().SequenceEqual(sum.GetHashAndReset()))
            throw new SnapshotException("is damaged or cut short");
    }

    private static Func<int, byte[]> BoundTo(byte[] head)
    {
        var sum = SHA256.HashData(head);
        return chunk => [.. sum, .. BitConverter.GetBytes(chunk)];
    }
}
