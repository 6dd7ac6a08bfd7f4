using System.Globalization;
using System.Text;

namespace Patron.Runtime.Grpc;

/// <summary>Header names and value formats of "gRPC over HTTP2" (the protocol's PROTOCOL-HTTP2 document).</summary>
internal static class GrpcHeaders
{
    public const string ContentType = "application/grpc";
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";
    public const string Timeout = "grpc-timeout";
    public const string Encoding = "grpc-encoding";
    public const string AcceptEncoding = "grpc-accept-encoding";
    public const string Gzip = "gzip";
    public const string Identity = "identity";
    public const string Accepted = "identity,gzip";

    /// <summary>The longest status detail that is sent, in characters, so that trailers stay inside every peer's header limit.</summary>
    private const int DetailCharsMax = 1_000;

    private const int TimeoutDigitsMax = 8;

    private static readonly (long Ticks, char Unit)[] TimeoutUnits =
        [(TimeSpan.TicksPerMicrosecond, 'u'), (TimeSpan.TicksPerMillisecond, 'm'), (TimeSpan.TicksPerSecond, 'S')];

    /// <summary>application/grpc, or that with a +proto suffix or parameters; not application/grpc-web, and not +json.</summary>
    public static bool IsGrpc(string? contentType)
    {
        if (contentType is null || !contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase))
            return false;
        var rest = contentType.AsSpan(ContentType.Length);
        if (rest.StartsWith("+proto", StringComparison.OrdinalIgnoreCase))
            rest = rest["+proto".Length..];
        return rest.IsEmpty || rest[0] is ';' or ' ';
    }

    /// <summary>Percent-encodes the UTF-8 bytes outside of printable ASCII, and the percent sign.</summary>
    public static string EncodeDetail(string detail)
    {
        if (detail.Length > DetailCharsMax)
            detail = detail[..DetailCharsMax];
        if (!detail.AsSpan().ContainsAnyExceptInRange(' ', '~') && !detail.Contains('%', StringComparison.Ordinal))
            return detail;

        var text = new StringBuilder(detail.Length + 16);
        foreach (var b in System.Text.Encoding.UTF8.GetBytes(detail))
        {
            if (b is >= (byte)' ' and <= (byte)'~' and not (byte)'%')
                text.Append((char)b);
            else
                text.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
        }

        return text.ToString();
    }

    /// <summary>Decodes leniently, as the specification asks: what is not a valid escape stays as it is.</summary>
    public static string DecodeDetail(string? header) => header is null ? "" : Uri.UnescapeDataString(header);

    /// <summary>One to eight digits and a unit.</summary>
    public static bool TryParseTimeout(string text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > TimeoutDigitsMax + 1
            || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            return false;

        // Eight digits of hours are 3.6e18 ticks, which a long holds.
        long? ticks = text[^1] switch
        {
            'H' => count * TimeSpan.TicksPerHour,
            'M' => count * TimeSpan.TicksPerMinute,
            'S' => count * TimeSpan.TicksPerSecond,
            'm' => count * TimeSpan.TicksPerMillisecond,
            'u' => count * TimeSpan.TicksPerMicrosecond,
            'n' => count / TimeSpan.NanosecondsPerTick,
            _ => null,
        };
        timeout = new TimeSpan(ticks ?? 0);
        return ticks is not null;
    }

    /// <summary>The finest unit whose eight digits hold the time, rounded up.</summary>
    public static string FormatTimeout(TimeSpan timeout)
    {
        foreach (var (ticks, unit) in TimeoutUnits)
        {
            var count = (timeout.Ticks + ticks - 1) / ticks;
            if (count <= 99_999_999)
                return string.Create(CultureInfo.InvariantCulture, $"{count}{unit}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{timeout.Ticks / TimeSpan.TicksPerHour}H");
    }
}
