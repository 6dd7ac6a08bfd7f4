using System.Text;
using OpenTelemetry.Metrics;

namespace Patron.Runtime.Hosting;

/// <summary>Names for Prometheus, after OpenTelemetry's 'Prometheus and OpenMetrics compatibility'.</summary>
internal static class PrometheusName
{
    private static readonly Dictionary<string, string> Units = new(StringComparer.Ordinal)
    {
        ["s"] = "seconds", ["ms"] = "milliseconds", ["us"] = "microseconds", ["ns"] = "nanoseconds", ["min"] = "minutes", ["h"] = "hours",
        ["d"] = "days", ["By"] = "bytes", ["KiBy"] = "kibibytes", ["MiBy"] = "mebibytes", ["%"] = "percent", ["m"] = "meters", ["1"] = "ratio",
    };

    /// <summary>The family's name, with unit and <c>_total</c> where they belong, and its type.</summary>
    public static (string Name, string Type) Of(Metric metric)
    {
        var type = metric.MetricType switch
        {
            MetricType.LongSum or MetricType.DoubleSum => "counter",
            MetricType.Histogram => "histogram",
            MetricType.ExponentialHistogram => "summary",
            _ => "gauge",
        };
        return (Of(metric.Name, metric.Unit, type), type);
    }

    public static string Of(string instrument, string? unit, string type)
    {
        var name = Mangle(instrument, colon: true);
        // A ratio is a gauge's unit; for counts "1" only says that there is none.
        var suffix = unit == "1" && type != "gauge" ? "" : UnitSuffix(unit ?? "");
        if (type == "counter" && name.EndsWith("_total", StringComparison.Ordinal))
            name = name[..^"_total".Length];
        if (suffix.Length > 0 && !name.EndsWith("_" + suffix, StringComparison.Ordinal))
            name += "_" + suffix;
        return type == "counter" ? name + "_total" : name;
    }

    /// <summary>An attribute's name as a label.</summary>
    public static string Label(string attribute) => Mangle(attribute, colon: false);

    // A unit in braces is a remark, such as {request}; a slash means "per".
    private static string UnitSuffix(string unit)
    {
        var parts = unit.Split('/', 2).Select(part => part.Contains('{', StringComparison.Ordinal) ? "" : Word(part)).ToArray();
        return parts switch
        {
            [var whole] => whole,
            [var above, ""] => above,
            ["", var below] => "per_" + Singular(below),
            [var above, var below] => $"{above}_per_{Singular(below)}",
            _ => "",
        };
    }

    private static string Word(string unit) => unit.Length == 0 ? "" : Units.TryGetValue(unit, out var word) ? word : Mangle(unit, colon: false);

    private static string Singular(string word) => word.EndsWith('s') ? word[..^1] : word;

    private static string Mangle(string name, bool colon)
    {
        var text = new StringBuilder(name.Length + 1);
        foreach (var c in name)
        {
            var keep = char.IsAsciiLetterOrDigit(c) || (colon && c == ':');
            if (text.Length == 0 && char.IsAsciiDigit(c))
                text.Append('_');
            if (keep)
                text.Append(c);
            else if (text.Length == 0 || text[^1] != '_')
                text.Append('_');
        }
        return text.Length == 0 ? "_" : text.ToString();
    }
}
