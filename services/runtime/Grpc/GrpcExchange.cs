using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.ExceptionServices;
using Google.Protobuf;

namespace Patron.Runtime.Grpc;

/// <summary>One call of a client, from its request to its status. Disposing it early cancels the call on the server.</summary>
internal sealed class GrpcExchange : IDisposable
{
    private readonly GrpcClient _client;
    private readonly GrpcCallOptions _options;
    private readonly MessageParser _parser;
    private readonly GrpcContent _content;
    private readonly HttpRequestMessage _request;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource? _deadline;
    private readonly CancellationTokenSource _stop;
    private readonly GrpcSpan _span;
    private readonly TimeSpan? _timeout;
    private GrpcStatus _status = GrpcStatus.Cancelled;
    private HttpResponseMessage? _response;
    private PipeReader? _input;
    private string? _encoding;

    public GrpcExchange(GrpcClient client, string method, MessageParser parser, GrpcContent content, GrpcCallOptions options, CancellationToken caller)
    {
        (_client, _options, _parser, _content, _caller) = (client, options, parser, content, caller);
        _timeout = options.Timeout < TimeSpan.Zero ? TimeSpan.Zero : options.Timeout;
        _deadline = _timeout is { } timeout ? new CancellationTokenSource(timeout, client.Options.Clock) : null;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(caller, _deadline?.Token ?? CancellationToken.None);
        content.Stop = _stop.Token;
        _span = GrpcTelemetry.StartClient(method, client.Address);
        _request = NewRequest(method);
    }

    /// <summary>Sends the request and waits for the response's headers.</summary>
    public async Task StartAsync(HttpMessageInvoker http)
    {
        try
        {
            _response = await http.SendAsync(_request, _stop.Token);
            if (_response.StatusCode != HttpStatusCode.OK)
                throw new GrpcException(GrpcStatusNames.FromHttp((int)_response.StatusCode), $"The server answered HTTP {(int)_response.StatusCode}.");
            if (One(_response.Headers, GrpcHeaders.Status) is not null)
            {
                Finish(_response.Headers);
                return;
            }

            if (!GrpcHeaders.IsGrpc(_response.Content.Headers.ContentType?.MediaType))
                throw new GrpcException(GrpcStatus.Unknown, "The server answered something that is not gRPC.");
            _options.OnHeaders?.Invoke(ReadMetadata(_response.Headers));
            _encoding = One(_response.Headers, GrpcHeaders.Encoding);
            _input = PipeReader.Create(await _response.Content.ReadAsStreamAsync(_stop.Token));
        }
        catch (Exception e)
        {
            Rethrow(e);
        }
    }

    /// <summary>Reads the next response, or null after the last one of a call that ended with OK.</summary>
    public async ValueTask<IMessage?> ReadAsync()
    {
        if (_input is null)
            return null;
        try
        {
            if (await GrpcFrames.ReadAsync(_input, _parser, _encoding, _client.Options.ReceivedMessageBytesMax, _stop.Token) is { } message)
                return message;
            Finish(_response!.TrailingHeaders);
        }
        catch (Exception e)
        {
            Rethrow(e);
        }

        return null;
    }

    public GrpcException Broken(string detail)
    {
        _status = GrpcStatus.Internal;
        return new GrpcException(_status, detail);
    }

    public void Dispose()
    {
        // The sender of a stream of requests may be waiting for its source, and ends by this token only.
        _stop.Cancel();
        _input?.Complete();
        _response?.Dispose();
        _request.Dispose();
        _stop.Dispose();
        _deadline?.Dispose();
        _span.End(_status);
    }

    private HttpRequestMessage NewRequest(string method)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_client.Address, $"/{method}"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = _content,
        };
        var headers = request.Headers;
        headers.TryAddWithoutValidation("te", "trailers");
        headers.TryAddWithoutValidation(GrpcHeaders.AcceptEncoding, GrpcHeaders.Accepted);
        if (_client.Options.GzipFromBytes != int.MaxValue)
            headers.TryAddWithoutValidation(GrpcHeaders.Encoding, GrpcHeaders.Gzip);
        if (_timeout is { } timeout)
            headers.TryAddWithoutValidation(GrpcHeaders.Timeout, GrpcHeaders.FormatTimeout(timeout));
        foreach (var (key, value) in _client.Options.Metadata.Concat(_options.Metadata))
            headers.TryAddWithoutValidation(key, value);
        if ((_span.Activity ?? Activity.Current) is { } activity)
            DistributedContextPropagator.Current.Inject(activity, headers, AddHeader);
        return request;
    }

    private static void AddHeader(object? headers, string name, string value) => ((HttpRequestHeaders)headers!).TryAddWithoutValidation(name, value);

    private void Finish(HttpResponseHeaders trailers)
    {
        var metadata = ReadMetadata(trailers);
        _options.OnTrailers?.Invoke(metadata);
        var status = One(trailers, GrpcHeaders.Status)
            ?? throw new GrpcException(GrpcStatus.Unknown, "The answer ended without a status.", metadata);
        _status = GrpcStatusNames.Parse(status);
        if (_status != GrpcStatus.Ok)
            throw new GrpcException(_status, GrpcHeaders.DecodeDetail(One(trailers, GrpcHeaders.Message)), metadata);
    }

    /// <summary>Throws what the caller shall see of a failure.</summary>
    private void Rethrow(Exception e)
    {
        if (e is not GrpcException)
        {
            if (_content.Fault is { } fault)
                ExceptionDispatchInfo.Throw(fault);
            _caller.ThrowIfCancellationRequested();
        }

        var failure = _deadline is { IsCancellationRequested: true } && e is not GrpcException
            ? new GrpcException(GrpcStatus.DeadlineExceeded, "The deadline has passed.", inner: e)
            : GrpcFaults.Translate(e);
        if (failure is null)
            ExceptionDispatchInfo.Throw(e);
        _status = failure!.Status;
        ExceptionDispatchInfo.Throw(failure);
    }

    private static string? One(HttpResponseHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;

    private static GrpcMetadata ReadMetadata(HttpResponseHeaders headers)
    {
        var metadata = new GrpcMetadata();
        foreach (var (name, values) in headers.NonValidated)
        {
            foreach (var value in values)
                metadata.AddReceived(name, value);
        }

        return metadata;
    }
}
