using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Patron.Runtime.Hosting;

/// <summary>
/// Links by which customers reach pages of their own, which other services put into messages: all that name the same <c>Links</c> keys can make
/// and read them. A link shows no id: what it is about is encrypted (AES-256-CBC under a key derived from the link's key), and signed like
/// every other. Taking a key out of <c>Links:Keys</c> revokes every link that was made with it.
/// </summary>
public sealed class CustomerLinks(SignedLinks links, LinkKeySettings settings)
{
    public const string PreferencesPath = "/v1/preferences";
    public const string PreferencesPurpose = "profile.preferences";
    public const string OptInPath = "/v1/opt-in";
    public const string OptInPurpose = "profile.opt-in";

    /// <summary>The query parameter that is to be proved.</summary>
    public const string Token = "t";

    /// <summary>The page's language; not proved, since nothing depends on it.</summary>
    public const string Language = "l";

    private const string KeyParameter = "k";
    private const int GuidBytes = 16;
    private const int KeyBytes = 32;

    // Messages are kept for years, and whoever finds one must still be able to withdraw.
    private const int ValidYears = 10;

    /// <summary>Path and query of the customer's preference centre.</summary>
    /// <param name="now">Business time.</param>
    public string Preferences(Guid customer, DateTimeOffset now) => Make(PreferencesPurpose, PreferencesPath, [customer], now);

    /// <summary>Path and query of the page on which the customer confirms; how long it can be confirmed is the request's own matter.</summary>
    /// <param name="now">Business time.</param>
    public string OptIn(Guid customer, Guid request, DateTimeOffset now) => Make(OptInPurpose, OptInPath, [customer, request], now);

    /// <summary>What a link is about, after its signature was found right.</summary>
    public (Guid Customer, Guid Request) Read(string purpose, IQueryCollection query)
    {
        using var aes = Cipher(query[KeyParameter].ToString());
        var plain = aes.DecryptCbc(Base64Url.DecodeFromChars(query[Token].ToString()), StartOf(purpose), PaddingMode.None);
        return (new Guid(plain.AsSpan(0, GuidBytes)), plain.Length > GuidBytes ? new Guid(plain.AsSpan(GuidBytes)) : Guid.Empty);
    }

    private string Make(string purpose, string path, ReadOnlySpan<Guid> ids, DateTimeOffset now)
    {
        var plain = new byte[ids.Length * GuidBytes];
        for (var i = 0; i < ids.Length; i++)
            ids[i].TryWriteBytes(plain.AsSpan(i * GuidBytes));
        using var aes = Cipher(settings.Current);
        var token = Base64Url.EncodeToString(aes.EncryptCbc(plain, StartOf(purpose), PaddingMode.None));
        return links.Sign(purpose, path, new Dictionary<string, string> { [Token] = token }, now.AddYears(ValidYears));
    }

    private Aes Cipher(string key)
    {
        if (!settings.Keys.TryGetValue(key, out var text))
            throw new InvalidOperationException("There is no key to sign links with: set Links:Current and Links:Keys.");
        var aes = Aes.Create();
        aes.Key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Convert.FromBase64String(text), KeyBytes, info: "patron link tokens"u8.ToArray());
        return aes;
    }

    // The same for every link of a purpose: ids differ in their first block, and the same id may give the same token.
    private static byte[] StartOf(string purpose) => SHA256.HashData(Encoding.UTF8.GetBytes(purpose))[..GuidBytes];
}
