using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>The configuration section <c>Privacy</c>. Where a service is says <c>Peers:{service}</c>.</summary>
internal sealed class PrivacySettings : ISettings
{
    /// <summary>The services, separated by commas, that export what they keep and that an erasure is complete with.</summary>
    public string Services { get; set; } = "tagging,loyalty,segmentation,journey,email,sms,wechat";

    /// <summary>A key that the services know with the scope <c>privacy</c>; empty for that of <c>Peers:ApiKey</c>.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>
    /// The connection string of a database with backups of its own, which keeps the ids that were erased: after a restore of profile they are
    /// erased again. Empty for profile's own database, which forgets with the backup what was erased after it.
    /// </summary>
    public string RegisterDatabase { get; set; } = "";

    /// <summary>In system time, for the answer of a service to begin.</summary>
    public TimeSpan AnswerWithin { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often, in system time, running erasures are looked at.</summary>
    public TimeSpan LookEvery { get; set; } = TimeSpan.FromSeconds(1);

    public IReadOnlyList<string> ServiceNames =>
        [.. Services.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct()];

    public IEnumerable<SettingFault> Check()
    {
        if (ServiceNames.Any(name => name.Any(c => !char.IsAsciiLetterLower(c))))
            yield return new SettingFault(nameof(Services), "it must name services in small letters, separated by commas");
        if (AnswerWithin <= TimeSpan.Zero)
            yield return new SettingFault(nameof(AnswerWithin), "it must be longer than zero");
        if (LookEvery <= TimeSpan.Zero)
            yield return new SettingFault(nameof(LookEvery), "it must be longer than zero");
    }
}
