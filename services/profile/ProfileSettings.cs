using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>The configuration section <c>Profile</c>.</summary>
internal sealed class ProfileSettings : ISettings
{
    /// <summary>The ISO 4217 codes in which this brand sells; empty for any.</summary>
    public IList<string> Currencies { get; set; } = [];

    /// <summary>
    /// ISO 3166-1 alpha-2: where phone numbers without a plus sign are written, unless an event or its source says otherwise; empty for none.
    /// </summary>
    public string Country { get; set; } = "";

    /// <summary>The same for single sources, such as <c>/pos/taipei</c>.</summary>
    public IDictionary<string, string> SourceCountries { get; set; } = new Dictionary<string, string>();

    /// <summary>IANA name of the zone in which the brand's days begin: at their midnight birthdays are told of.</summary>
    public string Zone { get; set; } = "Europe/London";

    /// <summary>How far an event's time may lie ahead of business time: clocks of touchpoints differ.</summary>
    public TimeSpan FutureMax { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>An event before this comes from a clock that was never set.</summary>
    public DateTimeOffset EarliestTime { get; set; } = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The most events of one call, from 1 to 10,000.</summary>
    public int EventsMax { get; set; } = 1_000;

    /// <summary>The largest body of one call, in bytes; also the largest record taken from the log.</summary>
    public int BodyBytesMax { get; set; } = 16 * 1024 * 1024;

    /// <summary>Identifiers whose customer is kept in memory.</summary>
    public int KnownIdentifiersMax { get; set; } = 200_000;

    /// <summary>For how long, in system time: another instance may have merged or erased a customer meanwhile.</summary>
    public TimeSpan KnownIdentifiersLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>A document of matching rules; null for those inside the service (<c>Identity/matching.json</c>).</summary>
    public string? MatchingRulesFile { get; set; }

    /// <summary>Customer keys that are kept in memory.</summary>
    public int KeysMax { get; set; } = 100_000;

    /// <summary>For how long, in system time.</summary>
    public TimeSpan KeysLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>For how many days, in business time, a quarantined body can be read and replayed; then its key is destroyed.</summary>
    public int QuarantineDaysMax { get; set; } = 30;

    /// <summary>
    /// For how long, in system time, the topic of touchpoints keeps what was taken from it: it holds personal data in clear, and a restore of
    /// profile can take it again from there.
    /// </summary>
    public TimeSpan IngestKept { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Records of the log that are handled together.</summary>
    public int LogRecordsMax { get; set; } = 500;

    /// <summary>Products whose category and brand are kept in memory; more are not admitted to the catalogue.</summary>
    public int CatalogueProductsMax { get; set; } = 1_000_000;

    /// <summary>How often an instance looks for what others changed in the catalogue, in system time.</summary>
    public TimeSpan CatalogueRefresh { get; set; } = TimeSpan.FromSeconds(1);

    public TimeZoneInfo BrandZone => TimeZoneInfo.FindSystemTimeZoneById(Zone);

    public IEnumerable<SettingFault> Check()
    {
        if (Currencies.Any(c => !Iso4217.Contains(c)))
            yield return new SettingFault(nameof(Currencies), "it must list currency codes of ISO 4217, such as GBP");
        if (Country.Length > 0 && !Iso3166.Contains(Country))
            yield return new SettingFault(nameof(Country), "it must be a country code of ISO 3166-1 alpha-2, such as HK");
        foreach (var (source, _) in SourceCountries.Where(c => !Iso3166.Contains(c.Value)))
            yield return new SettingFault($"{nameof(SourceCountries)}:{source}", "it must be a country code of ISO 3166-1 alpha-2, such as HK");
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(Zone, out _))
            yield return new SettingFault(nameof(Zone), "it must be an IANA time zone such as Asia/Hong_Kong");
        if (FutureMax < TimeSpan.Zero)
            yield return new SettingFault(nameof(FutureMax), "it must not be negative");
        if (EventsMax is < 1 or > 10_000)
            yield return new SettingFault(nameof(EventsMax), "it must be from 1 to 10000");
        if (BodyBytesMax < 1_024)
            yield return new SettingFault(nameof(BodyBytesMax), "it must be at least 1024 bytes");
        if (KnownIdentifiersMax < 2)
            yield return new SettingFault(nameof(KnownIdentifiersMax), "it must be at least 2");
        if (MatchingRulesFile is not null && FaultOfRules(MatchingRulesFile) is { } fault)
            yield return new SettingFault(nameof(MatchingRulesFile), fault);
        if (CatalogueProductsMax < 1)
            yield return new SettingFault(nameof(CatalogueProductsMax), "it must be at least 1");
        if (CatalogueRefresh < TimeSpan.FromMilliseconds(10))
            yield return new SettingFault(nameof(CatalogueRefresh), "it must be at least 10 milliseconds");
        if (KeysMax < 2)
            yield return new SettingFault(nameof(KeysMax), "it must be at least 2");
        if (QuarantineDaysMax < 1)
            yield return new SettingFault(nameof(QuarantineDaysMax), "it must be at least 1 day");
        if (IngestKept < TimeSpan.Zero)
            yield return new SettingFault(nameof(IngestKept), "it must not be negative");
        if (LogRecordsMax is < 1 or > 10_000)
            yield return new SettingFault(nameof(LogRecordsMax), "it must be from 1 to 10000");
    }

    private static string? FaultOfRules(string path)
    {
        try
        {
            MatchingRules.Load(path);
            return null;
        }
        catch (Exception fault) when (fault is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return fault.Message;
        }
    }
}
