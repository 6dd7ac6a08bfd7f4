using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Patron.Runtime.Hosting;

/// <summary>Configuration section <c>Http</c>: where the service listens, and what it takes from a client before it refuses.</summary>
public sealed class HttpSettings : ISettings
{
    /// <summary>IP address to listen on, for both ports; 0.0.0.0 or :: for all.</summary>
    public string Bind { get; set; } = IPAddress.Loopback.ToString();

    /// <summary>Port of HTTP/1.1 without TLS; 0 takes a free one.</summary>
    public int Port { get; set; } = 8080;

    /// <summary>Largest request body; an endpoint may set its own.</summary>
    public long BodyBytesMax { get; set; } = 4 * 1024 * 1024;

    /// <summary>All headers of a request together.</summary>
    public int HeaderBytesMax { get; set; } = 32 * 1024;

    public int HeadersMax { get; set; } = 100;

    public long ConnectionsMax { get; set; } = 10_000;

    /// <summary>A client must send its headers within this time.</summary>
    public TimeSpan HeadersWithin { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>A client that sends its body more slowly, over five seconds, is cut off.</summary>
    public int BodyBytesPerSecondMin { get; set; } = 240;

    /// <summary>Requests handled at the same time; as many again may wait, further ones are refused with 429.</summary>
    public int RequestsInFlightMax { get; set; } = 512;

    /// <summary>Requests a second of one caller (API key, else address), with bursts of two seconds' worth; 0 for no limit.</summary>
    public int RequestsPerSecondMax { get; set; }

    public IEnumerable<SettingFault> Check()
    {
        if (!IPAddress.TryParse(Bind, out _))
            yield return new SettingFault(nameof(Bind), "it must be an IP address; 0.0.0.0 listens on every interface");
        if (Port is < IPEndPoint.MinPort or > IPEndPoint.MaxPort)
            yield return new SettingFault(nameof(Port), "it must be from 0 to 65535, where 0 takes a free port");
        if (BodyBytesMax is < 1024 or > 1024L * 1024 * 1024)
            yield return new SettingFault(nameof(BodyBytesMax), "it must be from 1024 to 1073741824 bytes");
        if (HeaderBytesMax is < 4096 or > 1024 * 1024)
            yield return new SettingFault(nameof(HeaderBytesMax), "it must be from 4096 to 1048576 bytes");
        if (HeadersMax is < 10 or > 1000)
            yield return new SettingFault(nameof(HeadersMax), "it must be from 10 to 1000");
        if (ConnectionsMax < 1)
            yield return new SettingFault(nameof(ConnectionsMax), "it must be at least 1");
        if (HeadersWithin <= TimeSpan.Zero)
            yield return new SettingFault(nameof(HeadersWithin), "it must be longer than zero");
        if (BodyBytesPerSecondMin < 0)
            yield return new SettingFault(nameof(BodyBytesPerSecondMin), "it must be 0 (no lower limit) or more");
        if (RequestsInFlightMax < 1)
            yield return new SettingFault(nameof(RequestsInFlightMax), "it must be at least 1");
        if (RequestsPerSecondMax < 0)
            yield return new SettingFault(nameof(RequestsPerSecondMax), "it must be 0 (no limit) or more");
    }

    internal void Apply(KestrelServerOptions kestrel, GrpcSettings grpc)
    {
        // The server is made before the host refuses wrong settings; it will not listen then.
        if (Check().Concat(grpc.Check()).Any())
            return;
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = BodyBytesMax;
        kestrel.Limits.MaxRequestHeadersTotalSize = HeaderBytesMax;
        kestrel.Limits.MaxRequestHeaderCount = HeadersMax;
        kestrel.Limits.MaxConcurrentConnections = ConnectionsMax;
        kestrel.Limits.RequestHeadersTimeout = HeadersWithin;
        kestrel.Limits.MinRequestBodyDataRate = BodyBytesPerSecondMin == 0 ? null : new MinDataRate(BodyBytesPerSecondMin, TimeSpan.FromSeconds(5));
        var address = IPAddress.Parse(Bind);
        // Without TLS a port cannot offer both versions, so gRPC has one of its own.
        kestrel.Listen(address, Port, listen => listen.Protocols = HttpProtocols.Http1);
        if (grpc.Port is { } port)
            kestrel.Listen(address, port, listen => listen.Protocols = HttpProtocols.Http2);
    }
}

/// <summary>Configuration section <c>Grpc</c>.</summary>
public sealed class GrpcSettings : ISettings
{
    /// <summary>Port of HTTP/2 without TLS; 0 takes a free one, none means that the service speaks no gRPC.</summary>
    public int? Port { get; set; }

    public IEnumerable<SettingFault> Check()
    {
        if (Port is < IPEndPoint.MinPort or > IPEndPoint.MaxPort)
            yield return new SettingFault(nameof(Port), "it must be from 0 to 65535, where 0 takes a free port");
    }
}
