using System.Collections.Concurrent;
using System.Diagnostics;
using NUnit.Framework;
using Patron.Runtime.Grpc;
using Patron.Runtime.Tests.Grpc.Messages;
using static Patron.Runtime.Tests.Grpc.EchoMethods;

namespace Patron.Runtime.Tests.Grpc;

[TestFixture]
public sealed class GrpcTracingTests
{
    private static readonly ActivitySource Outer = new("patron.tests.grpc");

    [Test]
    public async Task A_call_is_one_trace_with_a_span_on_each_side()
    {
        var ended = new ConcurrentQueue<Activity>();
        using var listener = Listen(ended);
        await using var server = await EchoServer.StartAsync();
        using var client = new GrpcClient(server.Address, new GrpcClientOptions());
        var outer = Outer.StartActivity("outer")!;
        await client.UnaryAsync(Say, new EchoRequest(), Soon, CancellationToken.None);
        await Failure(() => client.UnaryAsync(Say, new EchoRequest { FailWith = 5 }, Soon, CancellationToken.None));
        outer.Dispose();

        Activity[] Spans(ActivityKind kind) => [.. ended.Where(span => span.TraceId == outer.TraceId && span.Kind == kind).OrderBy(span => span.StartTimeUtc)];
        Assert.That(() => Spans(ActivityKind.Server), Has.Length.EqualTo(2).After(5_000, 10));
        var (clients, servers) = (Spans(ActivityKind.Client), Spans(ActivityKind.Server));
        Assert.That(clients, Has.Length.EqualTo(2));
        Assert.That(clients.Select(span => span.ParentSpanId), Is.All.EqualTo(outer.SpanId));
        Assert.That(servers.Select(span => span.ParentSpanId), Is.EqualTo(clients.Select(span => span.SpanId)));
        foreach (var span in clients.Concat(servers))
        {
            Assert.That(span.DisplayName, Is.EqualTo("patron.echo.v1.EchoService/Say"));
            Assert.That(span.GetTagItem("rpc.system.name"), Is.EqualTo("grpc"));
            Assert.That(span.GetTagItem("rpc.method"), Is.EqualTo("patron.echo.v1.EchoService/Say"));
        }

        Assert.That(servers.Select(span => span.GetTagItem("rpc.response.status_code")), Is.EqualTo(["OK", "NOT_FOUND"]));
        Assert.That(clients[1].Status, Is.EqualTo(ActivityStatusCode.Error));
        Assert.That(clients[1].GetTagItem("error.type"), Is.EqualTo("NOT_FOUND"));
        Assert.That(servers[1].Status, Is.EqualTo(ActivityStatusCode.Unset), "a refusal is not the server's failure");
        Assert.That(clients[0].GetTagItem("server.port"), Is.EqualTo(server.Address.Port));
    }

    private static ActivityListener Listen(ConcurrentQueue<Activity> ended)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is GrpcTelemetry.SourceName or "patron.tests.grpc",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
