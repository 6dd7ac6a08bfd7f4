using System.Collections.Concurrent;
using System.Diagnostics;
using NUnit.Framework;
using Patron.Runtime.EventStore;
using Patron.Testing;

namespace Patron.Runtime.Tests.Processing;

/// <summary>One trace from the command through store, relay, log and the consumer's store.</summary>
[NonParallelizable]
[CancelAfter(60_000)]
internal sealed class TraceTests
{
    private const string TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    private const string OtherTraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Test]
    public async Task The_commits_of_producer_and_consumer_belong_to_the_trace_of_the_command(CancellationToken cancellation)
    {
        var ended = new ConcurrentQueue<Activity>();
        using var listener = Listen(ended);
        await using var host = await StartAsync(cancellation);
        var customer = Guid.CreateVersion7(TestHost.Start);

        await host.Service("shop").ExecuteAsync(Caused(Shop.Sell(customer, 1), TraceParent), cancellation);
        await host.DrainAsync(cancellation);

        ActivityContext.TryParse(TraceParent, null, out var cause);
        Activity Only(string name, string service) => ended.Single(
            s => s.OperationName == name && (string?)s.GetTagItem("patron.service") == service && s.TraceId == cause.TraceId);
        Assert.That(() => ended.Count(s => s.TraceId == cause.TraceId), Is.EqualTo(4).After(5_000, 10));
        var (committed, published) = (Only("patron.store.commit", "shop"), Only("patron.publish", "shop"));
        var (consumed, applied) = (Only("patron.consume", "counter"), Only("patron.store.commit", "counter"));
        Assert.That(new[] { committed, published, consumed }.Select(s => s.ParentSpanId), Is.All.EqualTo(cause.SpanId));
        Assert.That(applied.ParentSpanId, Is.EqualTo(consumed.SpanId));
        Assert.That((published.Kind, consumed.Kind), Is.EqualTo((ActivityKind.Producer, ActivityKind.Consumer)));
        foreach (var span in new[] { published, consumed })
        {
            Assert.That(span.GetTagItem("messaging.system"), Is.EqualTo("postgresql"));
            Assert.That(span.GetTagItem("messaging.destination.name"), Is.EqualTo("test.shop"));
            Assert.That(span.GetTagItem("messaging.batch.message_count"), Is.EqualTo(1));
        }
    }

    [Test]
    public async Task A_commit_for_several_traces_links_to_each(CancellationToken cancellation)
    {
        var ended = new ConcurrentQueue<Activity>();
        using var listener = Listen(ended);
        await using var host = await StartAsync(cancellation);
        var customer = Guid.CreateVersion7(TestHost.Start);

        await host.Service("shop").ExecuteAsync([Caused(Shop.Sell(customer, 1), TraceParent), Caused(Shop.Sell(customer, 2), OtherTraceParent)], cancellation);

        ActivityContext[] causes = [ActivityContext.Parse(TraceParent, null), ActivityContext.Parse(OtherTraceParent, null)];
        var commit = ended.Single(s => s.OperationName == "patron.store.commit" && s.Links.Any());
        Assert.That(commit.Links.Select(l => l.Context.TraceId), Is.EquivalentTo(causes.Select(c => c.TraceId)));
        Assert.That(commit.ParentSpanId, Is.EqualTo(default(ActivitySpanId)));
    }

    [Test]
    public async Task Without_a_receiver_of_spans_the_store_and_the_log_make_none(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);

        Assert.That(RuntimeTelemetry.Source.HasListeners(), Is.False);
        Assert.That(RuntimeTelemetry.Start("never", ActivityKind.Internal, "shop", Unlooked()), Is.Null);

        static IEnumerable<ActivityContext> Unlooked() =>
            Enumerable.Range(0, 1).Select<int, ActivityContext>(_ => throw new InvalidOperationException("The causes were looked at."));
    }

    private static Command Caused(Command command, string traceParent) => command with { Metadata = new EventMetadata { TraceParent = traceParent } };

    private static ActivityListener Listen(ConcurrentQueue<Activity> ended)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == RuntimeTelemetry.Name,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private static Task<TestHost> StartAsync(CancellationToken cancellation) => TestHost.StartAsync(
        builder =>
        {
            Shop.Add(builder);
            Shop.AddCounter(builder);
        },
        _ => { },
        cancellation);
}
