using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>The section <c>Vault:Transit</c>: a transit engine as of HashiCorp Vault or OpenBao that keeps the master key.</summary>
internal sealed class TransitSettings
{
    public const string Client = "profile.transit";

    /// <summary>Its base address, such as <c>https://vault:8200</c>; empty when a master key is given.</summary>
    public string Address { get; set; } = "";

    /// <summary>The master key's name there.</summary>
    public string Key { get; set; } = "patron";

    /// <summary>What the service knows us by; may encrypt with and decrypt by that key and read its version, no more.</summary>
    public string Token { get; set; } = "";

    /// <summary>A file that holds the token, read for every call, since agents renew it; instead of <see cref="Token"/>.</summary>
    public string TokenFile { get; set; } = "";

    /// <summary>In system time, for at most 500 keys.</summary>
    public TimeSpan AnswerWithin { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long, in system time, the number of the current version is remembered.</summary>
    public TimeSpan VersionHeld { get; set; } = TimeSpan.FromMinutes(1);

    public bool IsUsed => Address.Length > 0;

    public void Apply(HttpClient client)
    {
        client.BaseAddress = new Uri(Address.TrimEnd('/') + "/");
        client.Timeout = AnswerWithin;
        client.DefaultRequestHeaders.Add("X-Vault-Token", TokenFile.Length > 0 ? File.ReadAllText(TokenFile).Trim() : Token);
    }

    public IEnumerable<SettingFault> Check()
    {
        if (!Uri.TryCreate(Address, UriKind.Absolute, out _))
            yield return new SettingFault("Transit:Address", "it must be a base address such as https://vault:8200");
        if (Key.Length == 0 || Key.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')))
            yield return new SettingFault("Transit:Key", "it must name a key in letters, digits, hyphens, underscores and dots");
        if (AnswerWithin <= TimeSpan.Zero)
            yield return new SettingFault("Transit:AnswerWithin", "it must be longer than zero");
        if (VersionHeld < TimeSpan.Zero)
            yield return new SettingFault("Transit:VersionHeld", "it must not be negative");
    }
}
