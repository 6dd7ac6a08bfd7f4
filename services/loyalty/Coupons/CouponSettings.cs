using System.Security.Cryptography;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;

namespace Patron.Loyalty;

/// <summary>Configuration section <c>Coupons</c>.</summary>
internal sealed class CouponSettings : ISettings
{
    /// <summary>Wraps the keys of codes: 32 random bytes in base64. Without one there are no codes; losing it loses every code ever printed.</summary>
    public string MasterKey { get; set; } = "";

    /// <summary>A file that holds the master key in base64, instead of <see cref="MasterKey"/>.</summary>
    public string MasterKeyFile { get; set; } = "";

    /// <summary>Master keys of the past, which still open what they wrapped.</summary>
    public IList<string> FormerKeys { get; set; } = [];

    /// <summary>How often one caller may ask for codes that do not exist, a minute and instance.</summary>
    public int FailedTriesPerMinute { get; set; } = 60;

    /// <summary>How long an instance may not have heard of what another one changed in campaigns and batches.</summary>
    public TimeSpan BookHeldFor { get; set; } = TimeSpan.FromSeconds(1);

    public bool HasKey => MasterKey.Length > 0 || MasterKeyFile.Length > 0;

    public IEnumerable<SettingFault> Check()
    {
        if (MasterKeyFile.Length > 0 && !File.Exists(MasterKeyFile))
            yield return new(nameof(MasterKeyFile), "there is no such file");
        else if (HasKey && !IsKey(MasterKeyText()))
            yield return new(MasterKeyFile.Length > 0 ? nameof(MasterKeyFile) : nameof(MasterKey), "it must give 32 random bytes in base64");
        if (!FormerKeys.All(IsKey))
            yield return new(nameof(FormerKeys), "each must be 32 bytes in base64");
        if (FailedTriesPerMinute is < 1 or > 100_000)
            yield return new(nameof(FailedTriesPerMinute), "it must be from 1 to 100000");
        if (BookHeldFor < TimeSpan.Zero || BookHeldFor > TimeSpan.FromMinutes(1))
            yield return new(nameof(BookHeldFor), "it must be from 0 to a minute");
    }

    /// <summary>Null where no key is configured.</summary>
    public MasterKeys? OpenKeys() => HasKey
        ? new MasterKeys(Convert.FromBase64String(MasterKeyText()), [.. FormerKeys.Select(Convert.FromBase64String)])
        : null;

    public static byte[] NewKey() => RandomNumberGenerator.GetBytes(SealedBox.KeyBytes);

    private string MasterKeyText() => MasterKeyFile.Length > 0 ? File.ReadAllText(MasterKeyFile).Trim() : MasterKey;

    private static bool IsKey(string text)
    {
        Span<byte> bytes = stackalloc byte[SealedBox.KeyBytes + 3];
        return Convert.TryFromBase64String(text, bytes, out var length) && length == SealedBox.KeyBytes;
    }
}
