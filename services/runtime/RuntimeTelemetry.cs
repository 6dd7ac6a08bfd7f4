using System.Diagnostics;
using System.Diagnostics.Metrics;

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

    public static Counter<long> RecordsRepeated { get; } = Meter.CreateCounter<long>("patron.consumer.repeats", "{record}", "Records skipped because they had been applied before.");

    public static Counter<long> RecordsParked { get; } = Meter.CreateCounter<long>("patron.consumer.parked", "{record}", "Records parked.");

    public static Counter<long> TimersFired { get; } = Meter.CreateCounter<long>("patron.timers.fired", "{timer}", "Timers that came due and were handled.");
}
