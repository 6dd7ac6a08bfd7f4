using System.Security.Cryptography;
using System.Text;

namespace Patron.Loyalty;

/// <summary>Ids that are derived from names, the same for ever.</summary>
internal static class Ids
{
    /// <summary>A UUID of version 8 (RFC 9562) from a kind and a name.</summary>
    public static Guid Of(string kind, string name)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{kind}/{name}"), hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }

    /// <summary>32 hexadecimal digits by which two contents are told apart.</summary>
    public static string Fingerprint(string content) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)).AsSpan(0, 16));
}
