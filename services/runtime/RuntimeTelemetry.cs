using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace Patron.Runtime;

/// <summary>Spans and meters of the store, the log and what runs between them; every one carries <c>patron.service</c>.</summary>
internal static class RuntimeTelemetry
{
    public const string Name = "Patron.Runtime";

    private static readonly Meter Meter = new(Name);

    public static ActivitySource Source { get; } = new(Name);

    public static Counter<long> EventsAppended { get; } = Meter.CreateCounter<long>("patron.store.events", "{event}", "Events appended to the store.");

    public static Counter<long> FactsPublished { get; } = Meter.CreateCounter<long>("patron.relay.facts", "{fact}", "Facts published to the log.");

    public static Counter<long> RecordsConsumed { get; } = Meter.CreateCounter<long>("patron.consumer.records", "{record}", "Records applied.");

    public static Counter<long> RecordsRepeated { get; } = Meter.CreateCounter<long>(
        "patron.consumer.repeats", "{record}", "Records skipped because they had been applied before.");

    public static Counter<long> RecordsParked { get; } = Meter.CreateCounter<long>("patron.consumer.parked", "{record}", "Records parked.");

    public static Counter<long> TimersFired { get; } = Meter.CreateCounter<long>("patron.timers.fired", "{timer}", "Timers that came due and were handled.");

    public static Counter<long> RecordsProjected { get; } = Meter.CreateCounter<long>(
        "patron.projection.records", "{record}", "Records applied to projections.");

    public static Counter<long> LeasesLost { get; } = Meter.CreateCounter<long>(
        "patron.leases.lost", "{partition}", "Partitions that another instance took because this one did not renew its lease in time.");

    public static void Gauge(string name, string unit, string description, Func<IEnumerable<Measurement<long>>> observe) =>
        Meter.CreateObservableGauge(name, observe, unit, description);

    /// <summary>OpenTelemetry's default bound of links in a span.</summary>
    private const int LinksMax = 128;

    /// <summary>
    /// A span of background work for what caused it: a child of the one cause, or with links to several. It becomes the current one.
    /// Null, and the causes are not even looked at, while nobody listens. Not for code that serves a request, which has a span already.
    /// </summary>
    public static Activity? Start(string name, ActivityKind kind, string service, IEnumerable<ActivityContext> causes)
    {
        if (!Source.HasListeners())
            return null;
        Activity.Current = null;
        var distinct = causes.Where(c => c != default).Distinct().Take(LinksMax).ToList();
        var span = distinct is [var only]
            ? Source.StartActivity(name, kind, only)
            : Source.StartActivity(name, kind, default(ActivityContext), links: distinct.Select(c => new ActivityLink(c)));
        return span?.SetTag("patron.service", service);
    }

    /// <summary>By OpenTelemetry's semantic conventions for messaging; a batch over several topics or partitions names none.</summary>
    public static void TagMessaging(this Activity? span, string system, string operation, string type, string? topic, int? partition, int records)
    {
        if (span is not { IsAllDataRequested: true })
            return;
        span.SetTag("messaging.system", system).SetTag("messaging.operation.name", operation).SetTag("messaging.operation.type", type)
            .SetTag("messaging.batch.message_count", records);
        if (topic is not null)
            span.SetTag("messaging.destination.name", topic);
        if (partition is not null)
            span.SetTag("messaging.destination.partition.id", partition.Value.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The context that a W3C trace parent names; the default when there is none.</summary>
    public static ActivityContext ContextOf(string? traceParent) =>
        traceParent is not null && ActivityContext.TryParse(traceParent, null, isRemote: true, out var context) ? context : default;
}
