using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>The configuration section <c>Clienteling</c>.</summary>
internal sealed class ClientelingSettings : ISettings
{
    /// <summary>Lookups of one API key in a minute of system time, on one instance.</summary>
    public int LookupsPerMinuteMax { get; set; } = 600;

    /// <summary>Lookups of one API key in a minute that find nobody: who tries numbers is stopped early.</summary>
    public int MissesPerMinuteMax { get; set; } = 30;

    /// <summary>For how long a code that a customer shows can be read, in system time; the app asks for a new one before.</summary>
    public TimeSpan CodeLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long an answer waits for offers and advice, in system time.</summary>
    public TimeSpan AdviceWithin { get; set; } = TimeSpan.FromMilliseconds(8);

    public IEnumerable<SettingFault> Check()
    {
        if (LookupsPerMinuteMax < 1)
            yield return new SettingFault(nameof(LookupsPerMinuteMax), "it must be at least 1");
        if (MissesPerMinuteMax < 1)
            yield return new SettingFault(nameof(MissesPerMinuteMax), "it must be at least 1");
        if (CodeLifetime < TimeSpan.FromSeconds(30) || CodeLifetime > TimeSpan.FromDays(1))
            yield return new SettingFault(nameof(CodeLifetime), "it must be from 00:00:30 to 1.00:00:00");
        if (AdviceWithin <= TimeSpan.Zero)
            yield return new SettingFault(nameof(AdviceWithin), "it must be longer than zero");
    }
}
