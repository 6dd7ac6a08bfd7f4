using Google.Protobuf;
using NUnit.Framework;
using Patron.Runtime.Grpc;
using Patron.Runtime.Tests.Grpc.Messages;
using Patron.Testing;
using static Patron.Runtime.Tests.Grpc.EchoMethods;

namespace Patron.Runtime.Tests.Grpc;

/// <summary>grpc-js against our server, and our client against a grpc-js server: proof that the wire format is not only our own idea of it.</summary>
[TestFixture]
public sealed class ForeignPeerTests
{
    private const int ChecksMin = 40;
    private static readonly TimeSpan ScriptMax = TimeSpan.FromMinutes(1);

    private static readonly string Folder = NodeTool.SourceFolder("tests/Runtime.Tests/Grpc/foreign");

    private static readonly string Protos = string.Join(
        Path.PathSeparator, NodeTool.SourceFolder("tests/Runtime.Tests/Grpc"), NodeTool.SourceFolder("services/runtime/Grpc/proto"));

    [OneTimeSetUp]
    public async Task Install()
    {
        NodeTool.RequireNode();
        await NodeTool.InstallAsync(Folder, CancellationToken.None);
    }

    [Test, CancelAfter(120_000)]
    public async Task A_foreign_client_can_make_every_kind_of_call(CancellationToken cancellation)
    {
        await using var server = await EchoServer.StartAsync();
        await using var script = NodeTool.StartScript(Folder, "peer.js", "call", Protos, $"{server.Address.Port}");
        var exit = await script.WaitForExitAsync(ScriptMax, cancellation);
        var lines = script.Output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var passed = lines.Count(line => line.StartsWith("ok ", StringComparison.Ordinal));
        await TestContext.Out.WriteLineAsync($"gRPC: {passed} checks by a foreign client passed.");
        Assert.That(exit, Is.Zero, script.Output);
        Assert.That(lines, Has.None.StartsWith("FAIL"));
        Assert.That(lines, Has.Member($"{passed} passed, 0 failed"));
        Assert.That(passed, Is.GreaterThanOrEqualTo(ChecksMin));
    }

    [Test, CancelAfter(120_000)]
    public async Task Our_client_can_make_every_kind_of_call_to_a_foreign_server(CancellationToken cancellation)
    {
        await using var script = NodeTool.StartScript(Folder, "peer.js", "serve", Protos);
        var port = (await script.WaitForLineAsync("port ", ScriptMax, cancellation))["port ".Length..];
        using var client = new GrpcClient(new Uri($"http://127.0.0.1:{port}"), Large);

        await CheckMetadataAsync(client, cancellation);
        await CheckStatusesAsync(client, cancellation);
        await CheckStreamsAsync(client, cancellation);
        await CheckSizesAsync(client, cancellation);

        var halfSecond = GrpcCallOptions.Within(TimeSpan.FromMilliseconds(500));
        var late = await Failure(() => client.UnaryAsync(Say, new EchoRequest { Wait = true }, halfSecond, cancellation));
        Assert.That(late.Status, Is.EqualTo(GrpcStatus.DeadlineExceeded));
        await script.WaitForLineAsync("cancelled", TimeSpan.FromSeconds(10), cancellation);
    }

    private static async Task CheckMetadataAsync(GrpcClient client, CancellationToken cancellation)
    {
        GrpcMetadata? headers = null, trailers = null;
        var options = Soon with
        {
            Metadata = new GrpcMetadata { { "x-in", "v" }, { "x-in-bin", [1, 255] } },
            OnHeaders = received => headers = received,
            OnTrailers = received => trailers = received,
        };
        var reply = await client.UnaryAsync(Say, new EchoRequest { Text = "hé" }, options, cancellation);
        Assert.That(reply.Text, Is.EqualTo("hé"));
        Assert.That(reply.Seen["x-in"], Is.EqualTo("v"));
        Assert.That(reply.Seen["x-in-bin"], Is.EqualTo("01FF"));
        Assert.That(headers!.Text("x-out"), Is.EqualTo("v!"));
        Assert.That(trailers!.Binary("x-trail-bin"), Is.EqualTo(new byte[] { 9, 8, 7 }));
    }

    private static async Task CheckStatusesAsync(GrpcClient client, CancellationToken cancellation)
    {
        for (var code = 1; code <= 16; code++)
        {
            var failure = await Failure(() => client.UnaryAsync(Say, new EchoRequest { FailWith = code }, Soon, cancellation));
            Assert.That(failure.Status, Is.EqualTo((GrpcStatus)code));
            Assert.That(failure.Detail, Is.EqualTo(EchoServer.FailureDetail));
            Assert.That(failure.Trailers.Text("x-why"), Is.EqualTo("because"));
        }

        var unbound = await Failure(() => client.UnaryAsync(Unbound, new EchoRequest(), Soon, cancellation));
        Assert.That(unbound.Status, Is.EqualTo(GrpcStatus.Unimplemented));
    }

    private static async Task CheckStreamsAsync(GrpcClient client, CancellationToken cancellation)
    {
        var replies = await client.ServerStreamingAsync(Count, new CountRequest { N = 1_000 }, Soon, cancellation).ToListAsync(cancellation);
        Assert.That(replies, Has.Count.EqualTo(1_000));
        var failing = client.ServerStreamingAsync(Count, new CountRequest { N = 10, FailAt = 3 }, Soon, cancellation);
        var lost = await Failure(() => failing.CountAsync(cancellation).AsTask());
        Assert.That(lost.Status, Is.EqualTo(GrpcStatus.DataLoss));

        var requests = Enumerable.Range(0, 500).Select(i => new EchoRequest { Text = "ab" });
        var collected = await client.ClientStreamingAsync(Collect, requests.ToAsyncEnumerable(), Soon, cancellation);
        Assert.That(collected.Text, Is.EqualTo("500:1000"));
        var answers = await client.DuplexAsync(Chat, requests.ToAsyncEnumerable(), Soon, cancellation).ToListAsync(cancellation);
        Assert.That(answers, Has.Count.EqualTo(500).And.All.Property("Text").EqualTo("re:ab"));
    }

    private static async Task CheckSizesAsync(GrpcClient client, CancellationToken cancellation)
    {
        var blob = ByteString.CopyFrom(new byte[10 << 20]);
        Assert.That((await client.UnaryAsync(Say, new EchoRequest { Blob = blob }, Soon, cancellation)).Blob, Is.EqualTo(blob));
        using var gzip = new GrpcClient(client.Address, Large with { GzipFromBytes = 1_024 });
        Assert.That((await gzip.UnaryAsync(Say, new EchoRequest { Blob = blob }, Soon, cancellation)).Blob, Is.EqualTo(blob));
    }
}
