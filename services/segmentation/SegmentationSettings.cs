using System.Globalization;
using Patron.Runtime.Hosting;

namespace Patron.Segmentation;

/// <summary>The section <c>Segmentation</c>.</summary>
internal sealed class SegmentationSettings : ISettings
{
    /// <summary>IANA name of the zone in which the brand's days begin and end.</summary>
    public string Zone { get; set; } = "Europe/London";

    /// <summary>When every customer is evaluated each day, by clocks in the zone.</summary>
    public string ScanAt { get; set; } = "03:00";

    /// <summary>ISO 4217 code of the brand's currency; used in sentences only.</summary>
    public string Currency { get; set; } = "GBP";

    /// <summary>
    /// Where the instances of this service are that own other partitions: base addresses, with commas between several. Each address that a
    /// name leads to is an instance; in Kubernetes the name of a headless service. Empty where there is one instance only.
    /// </summary>
    public string Peers { get; set; } = "";

    /// <summary>An API key of this service with the scope <c>read</c>.</summary>
    public string PeersApiKey { get; set; } = "";

    public IReadOnlyList<Uri> PeerAddresses => [.. PeerTexts.Select(peer => new Uri(peer))];

    public BrandDays Days => new(TimeZoneInfo.FindSystemTimeZoneById(Zone));

    public TimeOnly ScanTime => TimeOnly.ParseExact(ScanAt, "HH:mm", CultureInfo.InvariantCulture);

    public IEnumerable<SettingFault> Check()
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(Zone, out _))
            yield return new SettingFault(nameof(Zone), "it must be an IANA time zone such as Europe/London");
        if (!TimeOnly.TryParseExact(ScanAt, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
            yield return new SettingFault(nameof(ScanAt), "it must be a time of day such as 03:00");
        if (Currency.Length != 3 || !Currency.All(char.IsAsciiLetterUpper))
            yield return new SettingFault(nameof(Currency), "it must be three capital letters such as GBP");
        if (!PeerTexts.All(peer => Uri.TryCreate(peer, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttp))
            yield return new SettingFault(nameof(Peers), "it must be base addresses such as http://segmentation-instances:8080");
    }

    private string[] PeerTexts => Peers.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
