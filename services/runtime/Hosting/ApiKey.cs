using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Patron.Runtime.Hosting;

/// <summary>
/// A new API key: the text goes to the caller once, the hash into configuration. A plain SHA-256 is enough because the text has 256
/// random bits; slow password hashes only help against guessable secrets.
/// </summary>
public sealed record ApiKey(string Text, string Hash)
{
    /// <summary>Lets secret scanners recognise a leaked key.</summary>
    public const string Prefix = "patron_";

    public static ApiKey Create()
    {
        var text = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        return new ApiKey(text, HashOf(text));
    }

    /// <summary>SHA-256 of the text in UTF-8, as 64 lower-case hexadecimal digits.</summary>
    public static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Never the text: records print their members, and this one would end up in a log.</summary>
    public override string ToString() => $"ApiKey {Hash[..8]}…";
}
