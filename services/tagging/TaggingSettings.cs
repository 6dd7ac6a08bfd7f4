using Patron.Runtime.Hosting;

namespace Patron.Tagging;

/// <summary>The section <c>Tagging</c>.</summary>
internal sealed class TaggingSettings : ISettings
{
    /// <summary>ISO 4217 code of the brand's currency; used in sentences only.</summary>
    public string Currency { get; set; } = "GBP";

    public IEnumerable<SettingFault> Check()
    {
        if (Currency.Length != 3 || !Currency.All(char.IsAsciiLetterUpper))
            yield return new SettingFault(nameof(Currency), "it must be three capital letters such as GBP");
    }
}
