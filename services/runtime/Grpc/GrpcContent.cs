using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace Patron.Runtime.Grpc;

/// <summary>The request body of a call: its messages as frames.</summary>
internal abstract class GrpcContent : HttpContent
{
    protected GrpcContent() => Headers.ContentType = new MediaTypeHeaderValue(GrpcHeaders.ContentType);

    /// <summary>What went wrong on our side while sending; HTTP reports it only as a broken stream.</summary>
    public Exception? Fault { get; protected set; }

    /// <summary>Ends the sending when the call is over, also when the transport has no use for the body any more.</summary>
    public CancellationToken Stop { get; set; }

    protected sealed override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected sealed override bool TryComputeLength(out long length)
    {
        length = -1;
        return false;
    }
}

/// <summary>A single message. The transport may send it again on another connection when the first provably did not take it.</summary>
internal sealed class GrpcMessageContent : GrpcContent
{
    private readonly ReadOnlyMemory<byte> _frame;

    public GrpcMessageContent(IMessage message, GrpcClientOptions options)
    {
        var frame = new ArrayBufferWriter<byte>(message.CalculateSize() + 16);
        GrpcFrames.Write(frame, message, options.GzipFromBytes, options.SentMessageBytesMax);
        _frame = frame.WrittenMemory;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        stream.WriteAsync(_frame, cancellationToken).AsTask();
}

/// <summary>A sequence of messages, sent as they come and read once only.</summary>
internal sealed class GrpcStreamContent<TRequest>(IAsyncEnumerable<TRequest> messages, GrpcClientOptions options) : GrpcContent
    where TRequest : class, IMessage<TRequest>
{
    private bool _started;

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (_started)
            throw new IOException("The stream of requests cannot be sent again on another connection.");
        _started = true;
        var buffer = new ArrayBufferWriter<byte>();
        await using var source = messages.GetAsyncEnumerator(Stop);
        while (await TryFillAsync(source, buffer))
        {
            await stream.WriteAsync(buffer.WrittenMemory, Stop);
            await stream.FlushAsync(Stop);
        }
    }

    private async ValueTask<bool> TryFillAsync(IAsyncEnumerator<TRequest> source, ArrayBufferWriter<byte> buffer)
    {
        try
        {
            if (!await source.MoveNextAsync())
                return false;
            buffer.ResetWrittenCount();
            GrpcFrames.Write(buffer, source.Current, options.GzipFromBytes, options.SentMessageBytesMax);
            return true;
        }
        catch (Exception e) when (!Stop.IsCancellationRequested)
        {
            Fault = e;
            throw;
        }
    }
}
