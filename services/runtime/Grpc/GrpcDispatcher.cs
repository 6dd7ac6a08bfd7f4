using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace Patron.Runtime.Grpc;

/// <summary>Runs one call: protocol checks, deadline, guards, handler, status.</summary>
internal sealed partial class GrpcDispatcher(GrpcServerOptions options, ILogger log, CancellationToken draining)
{
    /// <summary>A longer timeout is cut to this, since timers hold no more than 49 days.</summary>
    private static readonly TimeSpan TimeoutMax = TimeSpan.FromDays(40);

    /// <param name="http">The request.</param>
    /// <param name="binding">The method, or null for one that its service does not have.</param>
    public async Task RunAsync(HttpContext http, GrpcBinding? binding)
    {
        if (!Accepts(http))
            return;

        // A stream may be silent for hours, and only single messages are limited.
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        http.Response.ContentType = GrpcHeaders.ContentType;
        http.Response.Headers[GrpcHeaders.AcceptEncoding] = GrpcHeaders.Accepted;

        var span = GrpcTelemetry.StartServer(binding?.Method ?? GrpcTelemetry.UnknownMethod, http.Request.Headers);
        var status = GrpcStatus.Unknown;
        try
        {
            status = await AnswerAsync(http, binding);
        }
        finally
        {
            span.End(status);
        }
    }

    private static bool Accepts(HttpContext http)
    {
        if (!GrpcHeaders.IsGrpc(http.Request.ContentType))
            http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
        else if (!HttpProtocol.IsHttp2(http.Request.Protocol))
            http.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
        else
            return true;
        return false;
    }

    private async Task<GrpcStatus> AnswerAsync(HttpContext http, GrpcBinding? binding)
    {
        TimeSpan? timeout = null;
        var timeoutIsBroken = false;
        if (http.Request.Headers[GrpcHeaders.Timeout] is [{ } text, ..])
        {
            timeoutIsBroken = !GrpcHeaders.TryParseTimeout(text, out var parsed);
            timeout = parsed < TimeoutMax ? parsed : TimeoutMax;
        }

        if (binding?.Handler is null)
            return Refuse(http, GrpcStatus.Unimplemented, "The method is not implemented.");
        if (timeoutIsBroken)
            return Refuse(http, GrpcStatus.Internal, "grpc-timeout is not one to eight digits and a unit.");
        if (http.Request.Headers[GrpcHeaders.Encoding] is [not (null or "" or GrpcHeaders.Identity or GrpcHeaders.Gzip), ..])
            return Refuse(http, GrpcStatus.Unimplemented, "The grpc-encoding is not supported.");

        using var deadline = timeout is { } time ? new CancellationTokenSource(time, options.Clock) : null;
        using var either = deadline is null ? null : CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, http.RequestAborted);
        var call = new GrpcCall(http, binding.Method, options.Clock.GetUtcNow() + timeout, draining);
        var failure = await InvokeAsync(call, binding, deadline, either?.Token ?? http.RequestAborted);
        if (!http.RequestAborted.IsCancellationRequested)
            Finish(call, failure);
        return failure?.Status ?? GrpcStatus.Ok;
    }

    /// <summary>Answers null when the handler succeeded.</summary>
    private async Task<GrpcException?> InvokeAsync(GrpcCall call, GrpcBinding binding, CancellationTokenSource? deadline, CancellationToken cancellation)
    {
        try
        {
            foreach (var guard in binding.Guards)
                await guard(call, cancellation);
            var stream = new GrpcServerStream(call, binding.Parser, call.Http.Request.Headers[GrpcHeaders.Encoding], GzipFromBytes(call.Http), options);
            await binding.Handler!(call, stream, cancellation);
            return null;
        }
        catch (GrpcException e)
        {
            return e;
        }
        catch (OperationCanceledException) when (deadline is { IsCancellationRequested: true })
        {
            return new GrpcException(GrpcStatus.DeadlineExceeded, "The deadline has passed.");
        }
        catch (Exception e) when (call.Http.RequestAborted.IsCancellationRequested)
        {
            return new GrpcException(GrpcStatus.Cancelled, "The caller went away.", inner: e);
        }
        catch (Exception e)
        {
            Failed(binding.Method, e);
            return new GrpcException(GrpcStatus.Unknown, "The handler failed.");
        }
    }

    private int GzipFromBytes(HttpContext http)
    {
        foreach (var accepted in http.Request.Headers[GrpcHeaders.AcceptEncoding])
        {
            if (accepted is not null && accepted.Split(',', StringSplitOptions.TrimEntries).Contains(GrpcHeaders.Gzip, StringComparer.OrdinalIgnoreCase))
                return options.GzipFromBytes;
        }

        return int.MaxValue;
    }

    private static GrpcStatus Refuse(HttpContext http, GrpcStatus status, string detail)
    {
        PutStatus(http.Response.Headers, status, detail);
        return status;
    }

    private static void Finish(GrpcCall call, GrpcException? failure)
    {
        var response = call.Http.Response;
        call.TakeHeaders();
        if (failure is not null && !response.HasStarted)
        {
            // Without any message the status goes into the headers, which then are the whole answer ("Trailers-Only").
            response.Headers.Remove(GrpcHeaders.Encoding);
            PutTrailers(response.Headers, call.Trailers, failure);
            return;
        }

        if (call.Http.Features.Get<IHttpResponseTrailersFeature>() is { } feature)
            PutTrailers(feature.Trailers, call.Trailers, failure);
    }

    private static void PutTrailers(IHeaderDictionary target, GrpcMetadata trailers, GrpcException? failure)
    {
        foreach (var (key, value) in trailers)
            target.Append(key, value);
        foreach (var (key, value) in failure?.Trailers ?? [])
            target.Append(key, value);
        PutStatus(target, failure?.Status ?? GrpcStatus.Ok, failure?.Detail ?? "");
    }

    private static void PutStatus(IHeaderDictionary target, GrpcStatus status, string detail)
    {
        target[GrpcHeaders.Status] = ((int)status).ToString(CultureInfo.InvariantCulture);
        if (detail.Length > 0)
            target[GrpcHeaders.Message] = GrpcHeaders.EncodeDetail(detail);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The handler of {Method} failed.")]
    private partial void Failed(string method, Exception exception);
}
