using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>
/// The configuration section <c>Vault</c>: the keys that everything personal depends on. Each is 32 random bytes in base64. Losing the master
/// key loses all personal data; keep a copy apart from the database's.
/// </summary>
internal sealed class VaultSettings : ISettings
{
    /// <summary>Wraps the customers' keys.</summary>
    public string MasterKey { get; set; } = "";

    /// <summary>A file that holds the master key in base64, instead of <see cref="MasterKey"/>.</summary>
    public string MasterKeyFile { get; set; } = "";

    /// <summary>Master keys of the past, which still open what they wrapped until <see cref="RewrapKeys"/> has wrapped all anew.</summary>
    public IList<string> FormerKeys { get; set; } = [];

    /// <summary>
    /// Makes the hashes of identifiers; derived from the master key when empty. Set it before the master key is ever changed: under another
    /// key nobody would be recognised.
    /// </summary>
    public string IdentifierKey { get; set; } = "";

    /// <summary>A key management service that wraps instead of a master key that is given here.</summary>
    public TransitSettings Transit { get; set; } = new();

    public IEnumerable<SettingFault> Check()
    {
        if (Transit.IsUsed)
        {
            foreach (var fault in Transit.Check())
                yield return fault;
        }
        else if (MasterKeyFile.Length > 0 && !File.Exists(MasterKeyFile))
            yield return new SettingFault(nameof(MasterKeyFile), "there is no such file");
        else if (!IsKey(MasterKeyText()))
            yield return new SettingFault(MasterKeyFile.Length > 0 ? nameof(MasterKeyFile) : nameof(MasterKey), "it must give 32 random bytes in base64");
        if (!FormerKeys.All(IsKey))
            yield return new SettingFault(nameof(FormerKeys), "each must be 32 bytes in base64");
        if (IdentifierKey.Length == 0 && (Transit.IsUsed || FormerKeys.Count > 0))
            yield return new SettingFault(nameof(IdentifierKey), "it must be set where the master key was changed or is not given: it finds who is known");
        if (IdentifierKey.Length > 0 && !IsKey(IdentifierKey))
            yield return new SettingFault(nameof(IdentifierKey), "it must be 32 random bytes in base64");
    }

    /// <param name="connect">Makes a client of <see cref="Transit"/>.</param>
    public IKeyWrapping OpenWrapping(Func<HttpClient> connect, TimeProvider systemTime) =>
        Transit.IsUsed ? new TransitKeys(connect, Transit.Key, Transit.VersionHeld, systemTime) : OpenMasterKeys();

    public KeyedHash OpenIdentifierHash() =>
        new(IdentifierKey.Length > 0 ? Convert.FromBase64String(IdentifierKey) : OpenMasterKeys().Derive("patron identifiers"));

    /// <summary>Signs customers' codes: every instance has the same one, wherever customers' keys are wrapped.</summary>
    public byte[] OpenCodeKey() =>
        (IdentifierKey.Length > 0 ? new MasterKeys(Convert.FromBase64String(IdentifierKey), []) : OpenMasterKeys()).Derive("patron customer codes");

    private MasterKeys OpenMasterKeys() =>
        new(Convert.FromBase64String(MasterKeyText()), [.. FormerKeys.Select(Convert.FromBase64String)]);

    private string MasterKeyText() => MasterKeyFile.Length > 0 ? File.ReadAllText(MasterKeyFile).Trim() : MasterKey;

    private static bool IsKey(string text)
    {
        Span<byte> bytes = stackalloc byte[SealedBox.KeyBytes + 3];
        return Convert.TryFromBase64String(text, bytes, out var length) && length == SealedBox.KeyBytes;
    }
}
