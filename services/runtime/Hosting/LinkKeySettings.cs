namespace Patron.Runtime.Hosting;

/// <summary>Configuration section <c>Links</c>: the keys that sign links. May be absent in a service that has no signed links.</summary>
public sealed class LinkKeySettings : ISettings
{
    /// <summary>The fewest bytes of a key; HMAC-SHA256 gains nothing from more than 64.</summary>
    public const int KeyBytesMin = 32;

    /// <summary>Id of the key that signs new links; its name appears in every link.</summary>
    public string Current { get; set; } = "";

    /// <summary>
    /// Key id to key, in base64, of at least <see cref="KeyBytesMin"/> bytes. Links of every key listed here are valid. The case of an id does
    /// not matter: one that comes from an environment variable is in capitals.
    /// </summary>
    public IDictionary<string, string> Keys
    {
        get;
        set => field = new Dictionary<string, string>(value, StringComparer.OrdinalIgnoreCase);
    } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    public IEnumerable<SettingFault> Check()
    {
        if ((Current.Length > 0 || Keys.Count > 0) && !Keys.ContainsKey(Current))
            yield return new SettingFault(nameof(Current), "it must be the id of one of the keys under Links:Keys");
        foreach (var (id, key) in Keys)
        {
            var bytes = new byte[key.Length];
            if (!Convert.TryFromBase64String(key, bytes, out var length) || length < KeyBytesMin)
            {
                yield return new SettingFault(
                    $"{nameof(Keys)}:{id}", $"it must be at least {KeyBytesMin} random bytes in base64 ('openssl rand -base64 32' makes one)");
            }
        }
    }
}
