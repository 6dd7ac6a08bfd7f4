using System.Diagnostics;
using NUnit.Framework;
using Patron.Runtime.Grpc;
using Patron.Runtime.Tests.Grpc.Messages;
using static Patron.Runtime.Tests.Grpc.EchoMethods;

namespace Patron.Runtime.Tests.Grpc;

[TestFixture, Explicit("A measurement: run it alone, built for Release.")]
public sealed class GrpcThroughput
{
    private const int InFlight = 50;
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(5);

    [Test, CancelAfter(60_000)]
    public async Task Unary_calls_per_second_on_one_connection(CancellationToken cancellation)
    {
        await using var server = await EchoServer.StartAsync();
        using var client = new GrpcClient(server.Address, new GrpcClientOptions());
        await RunAsync(client, TimeSpan.FromSeconds(3), cancellation);
        var (watch, cpu) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        var calls = await RunAsync(client, Measured, cancellation);
        var (rate, microseconds) = (calls / watch.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / calls);
        await TestContext.Out.WriteLineAsync($"gRPC: {rate:N0} unary calls/s, {InFlight} in flight on one connection, both sides in one process");
        await TestContext.Out.WriteLineAsync($"gRPC: {microseconds:N1} µs of processor time a call, for both sides together");
        Assert.That(calls, Is.Positive);
    }

    private static async Task<int> RunAsync(GrpcClient client, TimeSpan duration, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var counts = await Task.WhenAll(Enumerable.Range(0, InFlight).Select(async _ =>
        {
            var count = 0;
            for (; watch.Elapsed < duration; count++)
                await client.UnaryAsync(Say, new EchoRequest { Text = "a hundred bytes or so, as a question about a balance would have" }, Soon, cancellation);
            return count;
        }));
        return counts.Sum();
    }
}
