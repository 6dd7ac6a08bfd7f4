using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Patron.Channels.WeChat;

/// <summary>How the platform signs its calls, and encrypts them in safe mode.</summary>
internal static class CallSignature
{
    private const int BlockBytes = 32;
    private const int RandomBytes = 16;
    private const int LengthBytes = 4;

    /// <summary>The texts in the order of their bytes, joined, by SHA-1 in lower-case hex.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "The platform's protocol says SHA-1; its secret token is among the texts.")]
    public static string Of(params string[] texts)
    {
        Array.Sort(texts, StringComparer.Ordinal);
        return Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(string.Concat(texts))));
    }

    public static bool IsRight(string? signature, params string[] texts) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(signature ?? ""), Encoding.UTF8.GetBytes(Of(texts)));

    /// <summary>
    /// AES-256 in CBC mode under a key whose first half is the initial vector too; inside, 16 random bytes, the length of the text in 4 bytes, the
    /// text, the app id, and padding to a multiple of 32 bytes. Null for what was not encrypted for this account.
    /// </summary>
    public static string? Decrypt(string encrypted, string encodingAesKey, string appId)
    {
        var buffer = new byte[encrypted.Length];
        if (!Convert.TryFromBase64String(encrypted, buffer, out var length) || length == 0 || length % BlockBytes != 0)
            return null;
        using var aes = Aes.Create();
        aes.Key = Convert.FromBase64String(encodingAesKey + "=");
        var plain = aes.DecryptCbc(buffer.AsSpan(0, length), aes.Key.AsSpan(0, RandomBytes), PaddingMode.None);
        var padding = plain[^1];
        if (padding is 0 or > BlockBytes || plain.AsSpan(plain.Length - padding).ContainsAnyExcept(padding))
            return null;
        var inside = plain.AsSpan(RandomBytes, plain.Length - RandomBytes - padding);
        if (inside.Length < LengthBytes || BinaryPrimitives.ReadInt32BigEndian(inside) is not (>= 0 and var text) || text > inside.Length - LengthBytes)
            return null;
        return Encoding.UTF8.GetString(inside[(LengthBytes + text)..]) == appId ? Encoding.UTF8.GetString(inside.Slice(LengthBytes, text)) : null;
    }
}
