using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Patron.Runtime.Hosting;

/// <summary>One caller of <see cref="ApiKeySettings"/>.</summary>
public sealed class ApiKeyEntry
{
    /// <summary>SHA-256 of the key's text, 64 hexadecimal digits; see <see cref="ApiKey.HashOf"/>.</summary>
    public string Hash { get; set; } = "";

    /// <summary>What the caller may do, such as <c>ingest</c>, <c>keys</c>, <c>read</c>, <c>metrics</c>.</summary>
    public IList<string> Scopes { get; set; } = [];

    /// <summary>The source systems whose records the caller may send; empty for any.</summary>
    public IList<string> Sources { get; set; } = [];
}

/// <summary>Configuration section <c>Api</c>: who may call, by the caller's name.</summary>
public sealed class ApiKeySettings : ISettings
{
    /// <summary>The most keys that a service accepts; each request is compared with every one.</summary>
    public const int KeysMax = 1_000;

    public IDictionary<string, ApiKeyEntry> Keys { get; set; } = new Dictionary<string, ApiKeyEntry>();

    public IEnumerable<SettingFault> Check()
    {
        if (Keys.Count > KeysMax)
            yield return new SettingFault(nameof(Keys), $"there may be at most {KeysMax} keys");
        foreach (var (name, key) in Keys)
        {
            if (key.Hash.Length != 2 * SHA256.HashSizeInBytes || !key.Hash.All(char.IsAsciiHexDigit))
                yield return new SettingFault($"{nameof(Keys)}:{name}:Hash", "it must be the SHA-256 of the key as 64 hexadecimal digits");
            if (key.Scopes.Count == 0)
                yield return new SettingFault($"{nameof(Keys)}:{name}:Scopes", "it must list at least one scope, such as ingest");
        }
    }
}

/// <summary>Who called, known to an endpoint that requires an API key.</summary>
public sealed record ApiCaller(string Name, IReadOnlySet<string> Scopes, IReadOnlySet<string> Sources)
{
    /// <summary>True when the caller's key is not limited to sources, or lists this one.</summary>
    public bool MaySend(string source) => Sources.Count == 0 || Sources.Contains(source);
}

/// <summary>Recognises callers by their key. Two entries with different keys let a caller change keys without an interruption.</summary>
public sealed class ApiKeys
{
    private const int KeyCharactersMax = 200;
    private readonly (byte[] Hash, ApiCaller Caller)[] _keys;

    /// <exception cref="FormatException">A hash is not 64 hexadecimal digits.</exception>
    public ApiKeys(ApiKeySettings settings) =>
        _keys = [.. settings.Keys.Select(k => (Convert.FromHexString(k.Value.Hash), CallerOf(k.Key, k.Value)))];

    /// <summary>The caller who holds this key, or null. The time taken does not depend on which key it is, or how much of it is right.</summary>
    public ApiCaller? Find(string text)
    {
        if (text.Length is 0 or > KeyCharactersMax)
            return null;
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        ApiCaller? found = null;
        foreach (var key in _keys)
        {
            if (CryptographicOperations.FixedTimeEquals(hash, key.Hash))
                found = key.Caller;
        }
        return found;
    }

    /// <summary>The key in <c>Authorization: Bearer</c> or else in <c>X-Api-Key</c>; null when the request has neither.</summary>
    internal static string? TextOf(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        var authorization = request.Headers.Authorization.ToString();
        if (authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return authorization[Scheme.Length..].Trim();
        var header = request.Headers["X-Api-Key"].ToString();
        return header.Length > 0 ? header : null;
    }

    private static ApiCaller CallerOf(string name, ApiKeyEntry key) => new(
        name, key.Scopes.ToHashSet(StringComparer.Ordinal), key.Sources.ToHashSet(StringComparer.Ordinal));
}
