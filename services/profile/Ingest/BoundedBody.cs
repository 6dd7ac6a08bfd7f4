using System.IO.Compression;

namespace Patron.Profile;

/// <summary>Reads bodies that must not grow beyond a limit, however small they were when packed.</summary>
internal static class BoundedBody
{
    private const int ChunkBytes = 16 * 1024;

    /// <summary>The whole body, or null when it is longer than the limit.</summary>
    public static async Task<byte[]?> ReadAsync(Stream body, int bytesMax, CancellationToken cancellation)
    {
        using var read = new MemoryStream();
        var chunk = new byte[ChunkBytes];
        int count;
        while ((count = await body.ReadAsync(chunk, cancellation)) > 0)
        {
            if (read.Length + count > bytesMax)
                return null;
            read.Write(chunk, 0, count);
        }
        return read.ToArray();
    }

    /// <exception cref="InvalidDataException">The body is not what its encoding says.</exception>
    public static async Task<byte[]?> ReadUnpackedAsync(HttpRequest request, int bytesMax, CancellationToken cancellation)
    {
        if (!request.Headers.ContentEncoding.ToString().Equals("gzip", StringComparison.OrdinalIgnoreCase))
            return await ReadAsync(request.Body, bytesMax, cancellation);
        await using var unpacked = new GZipStream(request.Body, CompressionMode.Decompress, leaveOpen: true);
        return await ReadAsync(unpacked, bytesMax, cancellation);
    }
}
