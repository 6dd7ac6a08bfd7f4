using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Patron.Runtime.Hosting;

/// <summary>
/// Prints metrics in the Prometheus text format 0.0.4, with names as in OpenTelemetry's 'Prometheus and OpenMetrics compatibility'.
/// </summary>
internal sealed class PrometheusText : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly TimeSpan CollectWithin = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Exporter _exporter = new();

    public PrometheusText() => Reader = new BaseExportingMetricReader(_exporter) { TemporalityPreference = MetricReaderTemporalityPreference.Cumulative };

    /// <summary>To be added to the meter provider whose metrics are printed.</summary>
    public BaseExportingMetricReader Reader { get; }

    /// <summary>All metrics as they are now.</summary>
    public string Collect()
    {
        lock (_lock)
        {
            Reader.Collect((int)CollectWithin.TotalMilliseconds);
            return _exporter.Text;
        }
    }

    public void Dispose()
    {
        Reader.Dispose();
        _exporter.Dispose();
    }

    private sealed class Exporter : BaseExporter<Metric>
    {
        public string Text { get; private set; } = "";

        public override ExportResult Export(in Batch<Metric> batch)
        {
            var families = new SortedDictionary<string, Family>(StringComparer.Ordinal);
            AddResource(families);
            foreach (var metric in batch)
            {
                var (name, type) = PrometheusName.Of(metric);
                // Two meters may use one name; a second type for it would make the whole page unreadable.
                if (!families.TryGetValue(name, out var family))
                    families[name] = family = new Family(type, string.IsNullOrEmpty(metric.Description) ? metric.Name : metric.Description);
                if (family.Type == type)
                    AddPoints(family.Samples, name, metric);
            }
            Text = Print(families);
            return ExportResult.Success;
        }

        private void AddResource(SortedDictionary<string, Family> families)
        {
            var family = families["target_info"] = new Family("gauge", "Attributes of the process");
            var attributes = ParentProvider.GetResource().Attributes.Select(a => KeyValuePair.Create(a.Key, (object?)a.Value));
            Append(family.Samples, "target_info", Labels(attributes), "1");
        }
    }

    private sealed record Family(string Type, string Help)
    {
        public StringBuilder Samples { get; } = new();
    }

    private static string Print(SortedDictionary<string, Family> families)
    {
        var text = new StringBuilder();
        foreach (var (name, family) in families)
        {
            if (family.Samples.Length > 0)
                text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {EscapeHelp(family.Help)}\n# TYPE {name} {family.Type}\n").Append(family.Samples);
        }
        return text.ToString();
    }

    private static void AddPoints(StringBuilder samples, string name, Metric metric)
    {
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            var tags = new List<KeyValuePair<string, object?>> { new("otel_scope_name", metric.MeterName) };
            foreach (var tag in point.Tags)
                tags.Add(tag);
            var labels = Labels(tags);
            if (metric.MetricType is MetricType.Histogram)
                AddBuckets(samples, name, labels, point);
            if (metric.MetricType is MetricType.Histogram or MetricType.ExponentialHistogram)
            {
                Append(samples, name + "_sum", labels, Number(point.GetHistogramSum()));
                Append(samples, name + "_count", labels, Number(point.GetHistogramCount()));
            }
            else
            {
                Append(samples, name, labels, Value(metric.MetricType, point));
            }
        }
    }

    private static void AddBuckets(StringBuilder samples, string name, string labels, in MetricPoint point)
    {
        long below = 0;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            below += bucket.BucketCount;
            var bound = $"le=\"{Number(bucket.ExplicitBound)}\"";
            Append(samples, name + "_bucket", labels.Length == 0 ? bound : labels + "," + bound, Number(below));
        }
    }

    private static string Value(MetricType type, in MetricPoint point) => type switch
    {
        MetricType.LongSum or MetricType.LongSumNonMonotonic => Number(point.GetSumLong()),
        MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic => Number(point.GetSumDouble()),
        MetricType.LongGauge => Number(point.GetGaugeLastValueLong()),
        _ => Number(point.GetGaugeLastValueDouble()),
    };

    private static void Append(StringBuilder samples, string name, string labels, string value)
    {
        samples.Append(name);
        if (labels.Length > 0)
            samples.Append('{').Append(labels).Append('}');
        samples.Append(' ').Append(value).Append('\n');
    }

    // Different attributes can come to the same label; their values are then joined, as the specification asks.
    private static string Labels(IEnumerable<KeyValuePair<string, object?>> tags) => string.Join(',', tags
        .GroupBy(tag => PrometheusName.Label(tag.Key), StringComparer.Ordinal)
        .OrderBy(group => group.Key, StringComparer.Ordinal)
        .Select(group => $"{group.Key}=\"{EscapeLabel(string.Join(';', group.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => Text(t.Value))))}\""));

    private static string Text(object? value) => value switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : value.ToString("R", CultureInfo.InvariantCulture);

    private static string EscapeHelp(string help) =>
        help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string EscapeLabel(string value) => EscapeHelp(value).Replace("\"", "\\\"", StringComparison.Ordinal);
}
