using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace Patron.Runtime.Grpc;

/// <summary>The messages of one call on the server, both ways.</summary>
internal sealed class GrpcServerStream(GrpcCall call, MessageParser parser, string? encoding, int gzipFromBytes, GrpcServerOptions options)
{
    private const int FlushFromBytes = 16 * 1024;

    private readonly PipeReader _input = call.Http.Request.BodyReader;
    private readonly PipeWriter _output = call.Http.Response.BodyWriter;
    private bool _opened;
    private int _waitingBytes;

    /// <summary>Reads the request of a call that has exactly one.</summary>
    public async ValueTask<IMessage> ReadOnlyAsync(CancellationToken cancellation)
    {
        var message = await ReadAsync(cancellation) ?? throw new GrpcException(GrpcStatus.Internal, "The request message is missing.");
        if (await ReadAsync(cancellation) is not null)
            throw new GrpcException(GrpcStatus.Internal, "There is more than one request message.");
        return message;
    }

    public async IAsyncEnumerable<TRequest> ReadAllAsync<TRequest>([EnumeratorCancellation] CancellationToken cancellation)
        where TRequest : class
    {
        while (await ReadAsync(cancellation) is { } message)
            yield return (TRequest)message;
    }

    /// <summary>Writes a response, which leaves with the next <see cref="FlushAsync"/>, or at once when much waits for that.</summary>
    public ValueTask WriteAsync(IMessage message, CancellationToken cancellation)
    {
        // A connection that is gone takes everything without complaint.
        cancellation.ThrowIfCancellationRequested();
        _waitingBytes += WriteLast(message);
        return _waitingBytes < FlushFromBytes ? ValueTask.CompletedTask : FlushAsync(cancellation);
    }

    /// <summary>Waits until the connection has taken what was written.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellation)
    {
        if (_waitingBytes == 0)
            return;
        _waitingBytes = 0;
        await _output.FlushAsync(cancellation);
    }

    /// <summary>Writes the only response; it leaves together with the status, in one write. Answers its bytes.</summary>
    public int WriteLast(IMessage message)
    {
        Open();
        return GrpcFrames.Write(_output, message, gzipFromBytes, options.SentMessageBytesMax);
    }

    private void Open()
    {
        if (_opened)
            return;
        _opened = true;
        call.TakeHeaders();
        if (gzipFromBytes != int.MaxValue && !call.Http.Response.HasStarted)
            call.Http.Response.Headers[GrpcHeaders.Encoding] = GrpcHeaders.Gzip;
    }

    private async ValueTask<IMessage?> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            return await GrpcFrames.ReadAsync(_input, parser, encoding, options.ReceivedMessageBytesMax, cancellation);
        }
        catch (BadHttpRequestException e)
        {
            throw new GrpcException(GrpcStatus.Internal, "The request body is broken.", inner: e);
        }
        catch (IOException e)
        {
            throw new GrpcException(GrpcStatus.Cancelled, "The caller went away.", inner: e);
        }
    }
}
