using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;

namespace Patron.Runtime.Grpc;

/// <summary>
/// Spans and durations by OpenTelemetry's semantic conventions for RPC. The activity source and the meter are both called
/// <see cref="SourceName"/>. Metadata and messages are never recorded.
/// </summary>
public static class GrpcTelemetry
{
    public const string SourceName = "Patron.Grpc";

    // The name that the conventions give to every method a server does not know, so that callers cannot invent span names.
    internal const string UnknownMethod = "_OTHER";

    private static readonly ActivitySource Source = new(SourceName);
    private static readonly Meter Meter = new(SourceName);

    private static readonly Histogram<double> ServerDuration =
        Meter.CreateHistogram<double>("rpc.server.call.duration", "s", "Duration of calls answered.");

    private static readonly Histogram<double> ClientDuration =
        Meter.CreateHistogram<double>("rpc.client.call.duration", "s", "Duration of calls made.");

    internal static GrpcSpan StartServer(string method, IHeaderDictionary headers)
    {
        // The HTTP server's own span is the parent when it is recorded; otherwise the trace goes on from the caller's metadata.
        ActivityContext parent = default;
        if (Activity.Current is { Recorded: true } current)
            parent = current.Context;
        else if (headers.TraceParent is [{ } traceParent, ..])
            _ = ActivityContext.TryParse(traceParent, headers.TraceState, isRemote: true, out parent);

        return new(Source.StartActivity(ActivityKind.Server, parent, name: method), ServerDuration, method, isServer: true);
    }

    internal static GrpcSpan StartClient(string method, Uri address)
    {
        var activity = Source.StartActivity(ActivityKind.Client, name: method);
        activity?.SetTag("server.address", address.Host).SetTag("server.port", address.Port);
        return new(activity, ClientDuration, method, isServer: false);
    }
}

/// <summary>The measurement of one call; ended once, with its status.</summary>
internal readonly struct GrpcSpan(Activity? activity, Histogram<double> duration, string method, bool isServer)
{
    private readonly long _started = Stopwatch.GetTimestamp();

    public Activity? Activity => activity;

    public void End(GrpcStatus status)
    {
        var isError = isServer ? IsServerError(status) : status != GrpcStatus.Ok;
        var tags = new TagList
        {
            { "rpc.system.name", "grpc" },
            { "rpc.method", method },
            { "rpc.response.status_code", status.WireName() },
        };
        if (isError)
            tags.Add("error.type", status.WireName());
        if (duration.Enabled)
            duration.Record(Stopwatch.GetElapsedTime(_started).TotalSeconds, tags);
        if (activity is null)
            return;

        foreach (var (key, value) in tags)
            activity.SetTag(key, value);
        if (isError)
            activity.SetStatus(ActivityStatusCode.Error);
        activity.Dispose();
    }

    // A refusal is a server's correct answer; only these are its own failures, as the conventions list them.
    private static bool IsServerError(GrpcStatus status) => status is GrpcStatus.Unknown or GrpcStatus.DeadlineExceeded
        or GrpcStatus.Unimplemented or GrpcStatus.Internal or GrpcStatus.Unavailable or GrpcStatus.DataLoss;
}
