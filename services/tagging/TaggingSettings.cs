using Patron.Runtime.Hosting;

namespace Patron.Tagging;

/// <summary>The section <c>Tagging</c>.</summary>
internal sealed class TaggingSettings : ISettings
{
    /// <summary>IANA name of the zone in which the brand's customers are active.</summary>
    public string Zone { get; set; } = "Europe/London";

    public TimeZoneInfo TimeZone => TimeZoneInfo.FindSystemTimeZoneById(Zone);

    public IEnumerable<SettingFault> Check()
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(Zone, out _))
            yield return new SettingFault(nameof(Zone), "it must be an IANA time zone such as Europe/London");
    }
}
