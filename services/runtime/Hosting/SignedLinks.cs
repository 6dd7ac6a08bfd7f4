using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Patron.Runtime.Hosting;

/// <summary>Which clock says whether a link has expired.</summary>
public enum LinkTime
{
    /// <summary>The link's lifetime is a business rule, such as an offer's end.</summary>
    Business,

    /// <summary>The link's lifetime is a matter of security, such as a sign-in.</summary>
    System,
}

/// <summary>What became of checking a link.</summary>
public enum LinkVerdict
{
    Valid,

    /// <summary>The signature is right, but the time is over.</summary>
    Expired,

    /// <summary>Incomplete, changed, made for another purpose or path, or signed with a key that is no longer known.</summary>
    Invalid,
}

/// <summary>
/// Signs and checks links for people who have no other proof of identity. HMAC-SHA256 (RFC 2104) over purpose, path, expiry and the chosen
/// query parameters; a key id in the link lets keys be rotated: add a new current key, remove the old one when its last link has expired.
/// </summary>
public sealed class SignedLinks(LinkKeySettings settings)
{
    private const string KeyParameter = "k";
    private const string ExpiryParameter = "x";
    private const string SignatureParameter = "s";

    private readonly Dictionary<string, byte[]> _keys =
        settings.Keys.ToDictionary(k => k.Key, k => Convert.FromBase64String(k.Value), StringComparer.OrdinalIgnoreCase);

    internal bool CanSign => _keys.ContainsKey(settings.Current);

    /// <summary>
    /// Answers path and query of the link: the parameters, then the key id (<c>k</c>), the expiry in Unix seconds (<c>x</c>) and the
    /// signature (<c>s</c>), whose names the caller must not use.
    /// </summary>
    /// <param name="purpose">What the link is for; a link made for one purpose is invalid for any other.</param>
    /// <param name="path">The path as the service sees it, unescaped, beginning with a slash.</param>
    /// <param name="parameters">Query parameters, each once; they are readable by anyone who has the link.</param>
    /// <param name="expires">By the clock that the checking endpoint names; rounded down to a second.</param>
    /// <exception cref="InvalidOperationException">No current key is configured.</exception>
    public string Sign(string purpose, string path, IReadOnlyDictionary<string, string> parameters, DateTimeOffset expires)
    {
        if (!CanSign)
            throw new InvalidOperationException("There is no key to sign links with: set Links:Current and Links:Keys.");
        if (parameters.Keys.FirstOrDefault(p => p is KeyParameter or ExpiryParameter or SignatureParameter) is { } taken)
            throw new ArgumentException($"The parameter name '{taken}' belongs to the signature.", nameof(parameters));
        var expiry = expires.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var signature = SignatureOf(settings.Current, purpose, path, expiry, parameters);
        var query = QueryString.Create(parameters.Select(p => KeyValuePair.Create(p.Key, (string?)p.Value)))
            .Add(KeyParameter, settings.Current).Add(ExpiryParameter, expiry).Add(SignatureParameter, signature);
        return new PathString(path).ToUriComponent() + query.ToUriComponent();
    }

    /// <summary>
    /// Checks a link in constant time. Parameters that are not named in <paramref name="proved"/> are ignored, because mail programs and
    /// campaigns add their own; a named one that is missing or repeated makes the link invalid.
    /// </summary>
    public LinkVerdict Verify(
        string purpose, string path, IEnumerable<KeyValuePair<string, StringValues>> query, IReadOnlyList<string> proved, DateTimeOffset now)
    {
        var given = query.ToDictionary(p => p.Key, p => p.Value, StringComparer.Ordinal);
        string? One(string name) => given.TryGetValue(name, out var values) && values.Count == 1 ? values[0] : null;

        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in proved)
        {
            if (One(name) is not { } value)
                return LinkVerdict.Invalid;
            parameters[name] = value;
        }
        if (One(KeyParameter) is not { } key || One(ExpiryParameter) is not { } expiry || One(SignatureParameter) is not { } signature)
            return LinkVerdict.Invalid;
        if (!_keys.ContainsKey(key))
            return LinkVerdict.Invalid;
        var right = SignatureOf(key, purpose, path, expiry, parameters);
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(signature), Encoding.UTF8.GetBytes(right)))
            return LinkVerdict.Invalid;
        // The signature proves that the expiry is a number that was written by Sign.
        return now.ToUnixTimeSeconds() < long.Parse(expiry, CultureInfo.InvariantCulture) ? LinkVerdict.Valid : LinkVerdict.Expired;
    }

    // Every part is preceded by its length, so that no two different links make the same bytes.
    private string SignatureOf(string key, string purpose, string path, string expiry, IReadOnlyDictionary<string, string> parameters)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _keys[key]);
        foreach (var part in (string[])[purpose, path, key, expiry])
            Append(hmac, part);
        foreach (var (name, value) in parameters.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            Append(hmac, name);
            Append(hmac, value);
        }
        return Base64Url.EncodeToString(hmac.GetHashAndReset());
    }

    private static void Append(IncrementalHash hmac, string part)
    {
        var bytes = Encoding.UTF8.GetBytes(part);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
        hmac.AppendData(length);
        hmac.AppendData(bytes);
    }
}
