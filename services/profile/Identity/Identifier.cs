using System.Security.Cryptography;
using System.Text;

namespace Patron.Profile;

/// <summary>
/// Kinds of identifiers. Numbers are stored. The higher one names a person more surely and decides when several disagree, except that a device
/// comes last.
/// </summary>
internal enum IdentifierKind
{
    Email = 1,
    Phone = 2,
    ShopId = 3,
    Card = 4,

    /// <summary>A browser or an app's installation.</summary>
    Device = 7,
}

/// <summary>How an identifier is found again: its kind and the keyed hash of its normalised value.</summary>
internal readonly record struct IdentifierHash(IdentifierKind Kind, Guid Hash);

/// <summary>An identifier as a touchpoint told it, normalised. Personal: it is never stored or logged as it is.</summary>
internal readonly record struct Identifier(IdentifierKind Kind, string Value, IdentifierHash Hash);

/// <summary>
/// HMAC-SHA256 with a key of the deployment, cut to 128 bits. Without the key nobody can try e-mail addresses or numbers against stored
/// hashes; with it, equal values of all touchpoints meet.
/// </summary>
internal sealed class KeyedHash(byte[] key)
{
    public IdentifierHash Of(IdentifierKind kind, string normalised) => new(kind, Of($"{(int)kind}\0{normalised}"));

    /// <summary>A touchpoint's own number means something only together with the touchpoint.</summary>
    public IdentifierHash OfShopId(string source, string shopId) => Of(IdentifierKind.ShopId, $"{source}\0{shopId}");

    public Guid Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, bytes, hash);
        return new Guid(hash[..16], bigEndian: true);
    }

    private Guid Of(string text) => Of(Encoding.UTF8.GetBytes(text));
}
