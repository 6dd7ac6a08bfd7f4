using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Pipelines;
using Google.Protobuf;

namespace Patron.Runtime.Grpc;

/// <summary>How messages are framed: a byte that tells whether it is compressed, four bytes of length, the message.</summary>
internal static class GrpcFrames
{
    private const int HeadBytes = 5;
    private const int InflateChunkBytes = 64 * 1024;

    /// <summary>
    /// Writes a message as one frame, compressed when it has at least <paramref name="gzipFromBytes"/>, and answers the frame's bytes uncompressed.
    /// </summary>
    /// <exception cref="GrpcException">RESOURCE_EXHAUSTED: larger than allowed. Nothing was written.</exception>
    public static int Write(IBufferWriter<byte> output, IMessage message, int gzipFromBytes, int messageBytesMax)
    {
        var bytes = message.CalculateSize();
        if (bytes > messageBytesMax)
            throw new GrpcException(GrpcStatus.ResourceExhausted, $"A message of {bytes} bytes is larger than the {messageBytesMax} that may be sent.");
        if (bytes >= gzipFromBytes)
        {
            using var compressed = new MemoryStream();
            using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
                message.WriteTo(gzip);
            WriteHead(output, compressed: 1, (int)compressed.Length);
            output.Write(compressed.GetBuffer().AsSpan(0, (int)compressed.Length));
        }
        else
        {
            WriteHead(output, compressed: 0, bytes);
            if (bytes > 0)
                message.WriteTo(output);
        }

        return HeadBytes + bytes;
    }

    /// <summary>Reads the next message, or null at the end of the stream.</summary>
    /// <exception cref="GrpcException">
    /// RESOURCE_EXHAUSTED: larger than allowed, before or after decompression. INTERNAL: a broken frame or message. UNIMPLEMENTED: an
    /// unknown compression.
    /// </exception>
    public static async ValueTask<IMessage?> ReadAsync(
        PipeReader input, MessageParser parser, string? encoding, int messageBytesMax, CancellationToken cancellation)
    {
        while (true)
        {
            var result = await input.ReadAsync(cancellation);
            var buffer = result.Buffer;
            if (TryReadHead(buffer, out var flag, out var length))
            {
                if (flag > 1)
                    throw new GrpcException(GrpcStatus.Internal, $"A frame begins with {flag} instead of 0 or 1.");
                if (length > (uint)messageBytesMax)
                    throw new GrpcException(GrpcStatus.ResourceExhausted, $"A message of {length} bytes is larger than the {messageBytesMax} allowed.");
                if (buffer.Length >= HeadBytes + length)
                {
                    var body = buffer.Slice(HeadBytes, length);
                    var message = Parse(body, parser, flag == 1, encoding, messageBytesMax);
                    input.AdvanceTo(body.End);
                    return message;
                }
            }

            if (result.IsCompleted)
                return buffer.IsEmpty ? null : throw new GrpcException(GrpcStatus.Internal, "The stream ended inside a message.");
            input.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private static void WriteHead(IBufferWriter<byte> output, byte compressed, int bytes)
    {
        var head = output.GetSpan(HeadBytes);
        head[0] = compressed;
        BinaryPrimitives.WriteInt32BigEndian(head[1..], bytes);
        output.Advance(HeadBytes);
    }

    private static bool TryReadHead(in ReadOnlySequence<byte> buffer, out byte flag, out uint length)
    {
        (flag, length) = (0, 0);
        if (buffer.Length < HeadBytes)
            return false;
        Span<byte> head = stackalloc byte[HeadBytes];
        buffer.Slice(0, HeadBytes).CopyTo(head);
        flag = head[0];
        length = BinaryPrimitives.ReadUInt32BigEndian(head[1..]);
        return true;
    }

    private static IMessage Parse(in ReadOnlySequence<byte> body, MessageParser parser, bool compressed, string? encoding, int messageBytesMax)
    {
        try
        {
            if (!compressed)
                return parser.ParseFrom(body);
            return encoding switch
            {
                GrpcHeaders.Gzip => parser.ParseFrom(Inflate(body, messageBytesMax)),
                null or "" or GrpcHeaders.Identity => throw new GrpcException(GrpcStatus.Internal, "A compressed message without grpc-encoding."),
                _ => throw new GrpcException(GrpcStatus.Unimplemented, $"The grpc-encoding '{encoding}' is not supported."),
            };
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new GrpcException(GrpcStatus.Internal, "The message cannot be parsed.", inner: e);
        }
        catch (InvalidDataException e)
        {
            throw new GrpcException(GrpcStatus.Internal, "The message cannot be decompressed.", inner: e);
        }
    }

    private static ReadOnlySequence<byte> Inflate(in ReadOnlySequence<byte> body, int messageBytesMax)
    {
        using var gzip = new GZipStream(new MemoryStream(body.ToArray(), writable: false), CompressionMode.Decompress);
        var plain = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = gzip.Read(plain.GetSpan(InflateChunkBytes));
            if (read == 0)
                return new ReadOnlySequence<byte>(plain.WrittenMemory);

            // A small message may inflate without end, so the limit holds for each step.
            if (plain.WrittenCount + read > messageBytesMax)
                throw new GrpcException(GrpcStatus.ResourceExhausted, $"A message is larger than the {messageBytesMax} bytes allowed after decompression.");
            plain.Advance(read);
        }
    }
}
