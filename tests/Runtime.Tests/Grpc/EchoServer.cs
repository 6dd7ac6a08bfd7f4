using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Patron.Runtime.Grpc;
using Patron.Runtime.Tests.Grpc.Messages;

namespace Patron.Runtime.Tests.Grpc;

/// <summary>A server on a free port that answers every call shape, health and reflection.</summary>
internal sealed class EchoServer : IAsyncDisposable
{
    public const int MessageBytesMax = 16 * 1024 * 1024;
    public const string FailureDetail = "why: ünï 100%\nnext";

    private readonly WebApplication _app;
    private readonly X509Certificate2 _certificate;
    private readonly TaskCompletionSource _waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private EchoServer(WebApplication app, X509Certificate2 certificate) => (_app, _certificate) = (app, certificate);

    public Uri Address { get; private set; } = null!;

    public GrpcHealth Health { get; } = new();

    /// <summary>How each call that a handler began has ended for it.</summary>
    public ConcurrentQueue<string> Ended { get; } = new();

    /// <summary>Completes when a handler has begun to wait for its cancellation.</summary>
    public Task Waiting => _waiting.Task;

    public static async Task<EchoServer> StartAsync(bool tls = false)
    {
        var certificate = SelfSigned();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = tls ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http2;
            if (tls)
                listen.UseHttps(certificate);
        }));
        var server = new EchoServer(builder.Build(), certificate);
        server.Health.Set("patron.echo.v1.EchoService", serving: true);
        server._app.MapGrpc(
            new GrpcServerOptions { ReceivedMessageBytesMax = MessageBytesMax, SentMessageBytesMax = MessageBytesMax, GzipFromBytes = 1_024 },
            server.Echo(), server.Health.Service, GrpcReflection.Describe(EchoReflection.Descriptor.Services[0]));
        await server._app.StartAsync();
        server.Address = new Uri(server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return server;
    }

    public Task StopAsync(CancellationToken cancellation) => _app.StopAsync(cancellation);

    /// <summary>A transport that trusts the certificate of this server and no other.</summary>
    public SocketsHttpHandler NewTrustingTransport() => new()
    {
        SslOptions =
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.GetCertHashString() == _certificate.Thumbprint,
        },
    };

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificate.Dispose();
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        var request = new CertificateRequest("CN=echo", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private GrpcService Echo() => new GrpcService(EchoReflection.Descriptor.Services[0])
        .Unary<EchoRequest, EchoReply>("Say", SayAsync)
        .ServerStreaming<CountRequest, EchoReply>("Count", CountAsync)
        .ClientStreaming<EchoRequest, EchoReply>("Collect", CollectAsync)
        .Duplex<EchoRequest, EchoReply>("Chat", ChatAsync)
        .Unary<EchoRequest, EchoReply>("Closed", ClosedAsync)
        .Guard("Closed", CheckKey);

    private static Task<EchoReply> ClosedAsync(EchoRequest request, GrpcCall call, CancellationToken cancellation) =>
        Task.FromResult(new EchoReply { Text = $"{call.Http.User.Identity?.Name}: {request.Text}" });

    private static ValueTask CheckKey(GrpcCall call, CancellationToken cancellation)
    {
        var name = call.Metadata.Text("x-api-key") switch
        {
            null => throw new GrpcException(GrpcStatus.Unauthenticated, "An API key is needed."),
            "partner" => "partner",
            _ => throw new GrpcException(GrpcStatus.PermissionDenied, "The key may not do this."),
        };
        call.Http.User = new(new System.Security.Claims.ClaimsIdentity([new(System.Security.Claims.ClaimTypes.Name, name)], "key"));
        return ValueTask.CompletedTask;
    }

    private async Task<EchoReply> SayAsync(EchoRequest request, GrpcCall call, CancellationToken cancellation)
    {
        if (request.FailWith == 99)
            throw new InvalidOperationException("secret detail");
        if (request.FailWith != 0)
            throw new GrpcException((GrpcStatus)request.FailWith, FailureDetail, new GrpcMetadata { { "x-why", "because" } });
        if (request.Wait)
            await WaitAsync(cancellation);

        var reply = new EchoReply { Text = request.Text, Blob = request.Blob, At = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch) };
        foreach (var (key, value) in call.Metadata)
            reply.Seen[key] = key.EndsWith("-bin", StringComparison.Ordinal) ? Convert.ToHexString(call.Metadata.Binary(key)!) : value;
        if (call.Deadline is { } deadline)
            reply.Seen["left-ms"] = (deadline - TimeProvider.System.GetUtcNow()).TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture);
        call.Headers.Add("x-out", "v!");
        call.Trailers.Add("x-trail", "t");
        call.Trailers.Add("x-trail-bin", [9, 8, 7]);
        return reply;
    }

    private async IAsyncEnumerable<EchoReply> CountAsync(CountRequest request, GrpcCall call, [EnumeratorCancellation] CancellationToken cancellation)
    {
        try
        {
            call.Headers.Add("x-out", "v!");
            for (var i = 0; i < request.N; i++)
            {
                if (request.FailAt > 0 && i == request.FailAt)
                    throw new GrpcException(GrpcStatus.DataLoss, "lost");
                await Task.Yield();
                yield return new EchoReply { Text = i.ToString(CultureInfo.InvariantCulture) };
            }
        }
        finally
        {
            Ended.Enqueue(cancellation.IsCancellationRequested ? "cancelled" : "done");
        }
    }

    private static async Task<EchoReply> CollectAsync(IAsyncEnumerable<EchoRequest> requests, GrpcCall call, CancellationToken cancellation)
    {
        var (count, chars) = (0, 0);
        await foreach (var request in requests.WithCancellation(cancellation))
        {
            if (request.FailWith != 0)
                throw new GrpcException((GrpcStatus)request.FailWith, "enough");
            (count, chars) = (count + 1, chars + request.Text.Length);
        }

        return new EchoReply { Text = $"{count}:{chars}" };
    }

    private static async IAsyncEnumerable<EchoReply> ChatAsync(
        IAsyncEnumerable<EchoRequest> requests, GrpcCall call, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var request in requests.WithCancellation(cancellation))
        {
            if (request.FailWith != 0)
                throw new GrpcException((GrpcStatus)request.FailWith, "enough");
            yield return new EchoReply { Text = $"re:{request.Text}" };
        }
    }

    private async Task WaitAsync(CancellationToken cancellation)
    {
        _waiting.TrySetResult();
        try
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }
        finally
        {
            Ended.Enqueue("cancelled");
        }
    }
}
