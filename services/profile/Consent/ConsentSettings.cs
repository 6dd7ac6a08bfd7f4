using System.Text.RegularExpressions;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>What a customer can agree to.</summary>
internal sealed class PurposeSettings
{
    /// <summary>1 to 64 small letters, digits and hyphens.</summary>
    public string Name { get; set; } = "";

    /// <summary>The registered wording that the preference centre shows; its newest version counts.</summary>
    public string Wording { get; set; } = "";

    /// <summary>For how many days, in business time, a grant lasts; 0 for ever.</summary>
    public int GrantDays { get; set; }
}

/// <summary>The configuration section <c>Consent</c>: what customers are asked, and how they are.</summary>
internal sealed partial class ConsentSettings : ISettings
{
    /// <summary>The channels for which consent is kept, in the order of the preference centre.</summary>
    public IList<string> Channels { get; set; } = ["email", "sms", "wechat"];

    /// <summary>The channels that send, which are asked before a withdrawal is said to be in force. One that is not listed sends nothing yet.</summary>
    public IList<string> Doors { get; set; } = ["email"];

    /// <summary>What can be granted. A withdrawal is taken whatever its purpose.</summary>
    public IList<PurposeSettings> Purposes { get; set; } =
    [
        new PurposeSettings { Name = "marketing", Wording = "patron-marketing" }, new PurposeSettings { Name = "feedback", Wording = "patron-feedback" },
    ];

    /// <summary>Pairs such as <c>email/marketing</c> whose grants count only when they are confirmed by a link in a mail.</summary>
    public IList<string> DoubleOptIn { get; set; } = [];

    /// <summary>How long such a link works, in business time.</summary>
    public TimeSpan OptInValidFor { get; set; } = TimeSpan.FromDays(7);

    /// <summary>The shortest time, in business time, between two links to a customer for the same channel and purpose.</summary>
    public TimeSpan OptInAgainAfter { get; set; } = TimeSpan.FromHours(1);

    /// <summary>The most such links in seven days, 1 to 20.</summary>
    public int OptInsPerWeekMax { get; set; } = 3;

    /// <summary>Refuse grants that name a wording, version or language that is not registered.</summary>
    public bool RegisteredWordingsOnly { get; set; }

    /// <summary>Where customers reach the pages of this service: a public address with HTTPS.</summary>
    public string BaseAddress { get; set; } = "http://localhost:8080";

    /// <summary>In system time; how long the preference centre waits for a channel to say that a withdrawal is in force.</summary>
    public TimeSpan DoorAnswersWithin { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>In system time; how soon an instance knows what was declared at another one.</summary>
    public TimeSpan RegistriesEvery { get; set; } = TimeSpan.FromSeconds(5);

    public IEnumerable<SettingFault> Check()
    {
        if (Channels.Count == 0 || !Channels.All(c => NameRule().IsMatch(c)))
            yield return new SettingFault(nameof(Channels), "it must list channels such as email, in small letters");
        if (Purposes.Count == 0 || !Purposes.All(p => NameRule().IsMatch(p.Name)))
            yield return new SettingFault(nameof(Purposes), "each must have a Name such as marketing, in 1 to 64 small letters, digits and hyphens");
        if (Purposes.Any(p => p.Wording.Length == 0 || p.GrantDays < 0))
            yield return new SettingFault(nameof(Purposes), "each must name a Wording, and have no negative GrantDays");
        if (DoubleOptIn.Any(pair => pair.Split('/') is not ["email", var purpose] || Purposes.All(p => p.Name != purpose)))
            yield return new SettingFault(nameof(DoubleOptIn), "each must be email/ and a purpose, such as email/marketing: only mails carry the link");
        if (OptInValidFor <= TimeSpan.Zero || OptInAgainAfter < TimeSpan.Zero)
            yield return new SettingFault(nameof(OptInValidFor), "it must be longer than zero, and OptInAgainAfter not negative");
        if (OptInsPerWeekMax is < 1 or > ConsentOf.OptInsMax)
            yield return new SettingFault(nameof(OptInsPerWeekMax), $"it must be from 1 to {ConsentOf.OptInsMax}");
        if (!Uri.TryCreate(BaseAddress, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            yield return new SettingFault(nameof(BaseAddress), "it must be an address such as https://my.brand.example");
        if (DoorAnswersWithin <= TimeSpan.Zero)
            yield return new SettingFault(nameof(DoorAnswersWithin), "it must be longer than zero");
        if (RegistriesEvery <= TimeSpan.Zero)
            yield return new SettingFault(nameof(RegistriesEvery), "it must be longer than zero");
    }

    public PurposeSettings? Purpose(string name) => Purposes.FirstOrDefault(p => p.Name == name);

    /// <summary>How a grant is to be confirmed; null when it counts at once.</summary>
    public OptInTerms? OptInOf(string channel, string purpose) =>
        DoubleOptIn.Contains($"{channel}/{purpose}") ? new OptInTerms(OptInValidFor, OptInAgainAfter, OptInsPerWeekMax) : null;

    public TimeSpan? GrantLasts(string purpose) => Purpose(purpose) is { GrantDays: > 0 and var days } ? TimeSpan.FromDays(days) : null;

    [GeneratedRegex("^[a-z0-9-]{1,64}\\z")]
    private static partial Regex NameRule();
}
