using System.Diagnostics.Metrics;
using Patron.Runtime.Processing;

namespace Patron.Runtime.Tests.Projections;

/// <summary>What can be seen of a service from outside.</summary>
internal static class Measured
{
    public static async Task<long> EventsAsync(ServiceRuntime service, CancellationToken cancellation)
    {
        await using var command = service.Database.CreateCommand("select count(*) from events");
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    public static async Task<List<string>> SchemasAsync(ServiceRuntime service, CancellationToken cancellation)
    {
        await using var command = service.Database.CreateCommand("select nspname from pg_namespace where starts_with(nspname, 'shop_') order by 1");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var names = new List<string>();
        while (await row.ReadAsync(cancellation))
            names.Add(row.GetString(0));
        return names;
    }

    public static List<string> Gauges()
    {
        var seen = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Name.StartsWith("patron.reader.", StringComparison.Ordinal))
                    l.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) =>
        {
            var text = instrument.Name;
            foreach (var (name, value) in tags)
                text += $" {name}={value}";
            seen.Add(text);
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return seen;
    }
}
