using System.Globalization;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;

namespace Patron.Segmentation;

/// <summary>The section <c>Segmentation</c>.</summary>
internal sealed class SegmentationSettings : ISettings
{
    /// <summary>IANA name of the zone in which the brand's days begin and end.</summary>
    public string Zone { get; set; } = "Europe/London";

    /// <summary>When every customer is evaluated each day, by clocks in the zone.</summary>
    public string ScanAt { get; set; } = "00:00";

    /// <summary>ISO 4217 code of the brand's currency; used in sentences only.</summary>
    public string Currency { get; set; } = "GBP";

    /// <summary>Where the columns of this instance's partitions are kept between restarts; empty for nowhere. Instances may share it.</summary>
    public string SnapshotFolder { get; set; } = "";

    /// <summary>Seals the snapshots: 32 random bytes in base64. Without the right one they are passed over.</summary>
    public string SnapshotKey { get; set; } = "";

    /// <summary>A file that holds the key in base64, instead of <see cref="SnapshotKey"/>.</summary>
    public string SnapshotKeyFile { get; set; } = "";

    /// <summary>How old a partition's snapshot gets while facts arrive, from a second to a day: what is newer is read from the log after a crash.</summary>
    public TimeSpan SnapshotEvery { get; set; } = TimeSpan.FromMinutes(10);

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
            yield return new SettingFault(nameof(ScanAt), "it must be a time of day such as 00:00");
        if (Currency.Length != 3 || !Currency.All(char.IsAsciiLetterUpper))
            yield return new SettingFault(nameof(Currency), "it must be three capital letters such as GBP");
        if (SnapshotKeyFile.Length > 0 && !File.Exists(SnapshotKeyFile))
            yield return new SettingFault(nameof(SnapshotKeyFile), "there is no such file");
        else if (SnapshotFolder.Length > 0 && !IsKey(SnapshotKeyText()))
            yield return new SettingFault(SnapshotKeyFile.Length > 0 ? nameof(SnapshotKeyFile) : nameof(SnapshotKey), "it must give 32 random bytes in base64");
        if (SnapshotEvery < TimeSpan.FromSeconds(1) || SnapshotEvery > TimeSpan.FromDays(1))
            yield return new SettingFault(nameof(SnapshotEvery), "it must be from 00:00:01 to 1.00:00:00");
        if (!PeerTexts.All(peer => Uri.TryCreate(peer, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttp))
            yield return new SettingFault(nameof(Peers), "it must be base addresses such as http://segmentation-instances:8080");
    }

    /// <summary>Empty where no snapshots are kept.</summary>
    public byte[] OpenSnapshotKey() =>
        SnapshotFolder.Length == 0 ? [] : new MasterKeys(Convert.FromBase64String(SnapshotKeyText())).Derive("patron segment snapshots");

    private string SnapshotKeyText() => SnapshotKeyFile.Length > 0 ? File.ReadAllText(SnapshotKeyFile).Trim() : SnapshotKey;

    private static bool IsKey(string text)
    {
        Span<byte> bytes = stackalloc byte[SealedBox.KeyBytes + 3];
        return Convert.TryFromBase64String(text, bytes, out var length) && length == SealedBox.KeyBytes;
    }

    private string[] PeerTexts => Peers.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
