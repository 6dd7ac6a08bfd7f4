using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Processing;

/// <summary>How far a reader of a service has come in the partitions that this instance owns.</summary>
/// <param name="Reader"><c>relay</c>, <c>consumer</c>, or a projection's name.</param>
/// <param name="Source">The topic's name, or <c>store</c> for the service's own events.</param>
/// <param name="Generation">Of a projection; null for other readers.</param>
/// <param name="Checkpoint">The sum over the partitions of what is applied: it only grows, but for partitions that move to another instance.</param>
/// <param name="Behind">Records not yet applied, as far as this instance knows of them; 0 or more.</param>
public sealed record ReaderLag(string Reader, string Source, int? Generation, long Checkpoint, long Behind)
{
    internal const string Store = "store";

    internal static ReaderLag OfStore(string reader, IEnumerable<(long Position, long Head)> partitions)
    {
        var all = partitions.ToList();
        return new ReaderLag(reader, Store, null, all.Sum(p => p.Position), all.Sum(p => Math.Max(0, p.Head - p.Position)));
    }
}

/// <summary>The lag of every service in the process, as gauges.</summary>
internal static class LagGauges
{
    private static readonly ConcurrentDictionary<ServiceRuntime, bool> Watched = [];

    static LagGauges()
    {
        RuntimeTelemetry.Gauge("patron.reader.lag", "{record}", "Records that a reader has not applied yet.", () => Measure(lag => lag.Behind));
        RuntimeTelemetry.Gauge(
            "patron.reader.checkpoint", "{record}", "How far a reader has come, summed over its partitions.", () => Measure(lag => lag.Checkpoint));
        RuntimeTelemetry.Gauge("patron.partitions.owned", "{partition}", "Partitions that this instance works for.", () => Count(p => p.Count));
        RuntimeTelemetry.Gauge(
            "patron.partitions.stopped", "{partition}", "Partitions that wait for an operator.", () => Count(p => p.Count(one => one.Stopped is not null)));
        RuntimeTelemetry.Gauge(
            "patron.customers.parked", "{customer}", "Customers whose records wait for an operator.", () => Count(p => p.Sum(one => one.ParkedCustomers)));
    }

    public static void Watch(ServiceRuntime service) => Watched.TryAdd(service, true);

    public static void Forget(ServiceRuntime service) => Watched.TryRemove(service, out _);

    private static List<Measurement<long>> Measure(Func<ReaderLag, long> value) =>
        [.. Watched.Keys.SelectMany(service => service.Lag.Select(lag => new Measurement<long>(value(lag), Tags(service.Definition.Name, lag))))];

    private static List<Measurement<long>> Count(Func<IReadOnlyCollection<OwnedPartition>, long> value) =>
        [.. Watched.Keys.Select(service => new Measurement<long>(value(service.OwnedPartitions), Telemetry.Of(service.Definition.Name)))];

    private static List<KeyValuePair<string, object?>> Tags(string service, ReaderLag lag)
    {
        List<KeyValuePair<string, object?>> tags = [Telemetry.Of(service), new("patron.reader", lag.Reader)];
        if (lag.Source != ReaderLag.Store)
            tags.Add(new("messaging.destination.name", lag.Source));
        if (lag.Generation is { } generation)
            tags.Add(new("patron.projection.generation", generation));
        return tags;
    }
}
