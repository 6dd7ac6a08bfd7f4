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
    private const int SendFromBytes = 16 * 1024;

    private bool _started;

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (_started)
            throw new IOException("The stream of requests cannot be sent again on another connection.");
        _started = true;
        var buffer = new ArrayBufferWriter<byte>();
        await using var source = messages.GetAsyncEnumerator(Stop);
        while (true)
        {
            var next = MoveNextAsync(source);
            try
            {
                // Requests that are there at once leave together.
                if (!next.IsCompleted || buffer.WrittenCount >= SendFromBytes)
                    await SendAsync(stream, buffer);
            }
            catch
            {
                // The source has no end while it is asked.
                await ((Task)next.AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw;
            }

            if (!await next)
                break;
            Write(source.Current, buffer);
        }

        await SendAsync(stream, buffer);
    }

    private async ValueTask SendAsync(Stream stream, ArrayBufferWriter<byte> buffer)
    {
        if (buffer.WrittenCount == 0)
            return;
        await stream.WriteAsync(buffer.WrittenMemory, Stop);
        await stream.FlushAsync(Stop);
        buffer.ResetWrittenCount();
    }

    private async ValueTask<bool> MoveNextAsync(IAsyncEnumerator<TRequest> source)
    {
        try
        {
            return await source.MoveNextAsync();
        }
        catch (Exception e) when (!Stop.IsCancellationRequested)
        {
            Fault = e;
            throw;
        }
    }

    private void Write(TRequest message, ArrayBufferWriter<byte> buffer)
    {
        try
        {
            GrpcFrames.Write(buffer, message, options.GzipFromBytes, options.SentMessageBytesMax);
        }
        catch (GrpcException e)
        {
            Fault = e;
            throw;
        }
    }
}
