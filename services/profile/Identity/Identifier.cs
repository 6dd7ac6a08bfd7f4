using System.Security.Cryptography;
using System.Text;

namespace Patron.Profile;

/// <summary>Kinds of identifiers. Numbers are stored; which names a person more surely is a matter of <see cref="MatchingRules"/>.</summary>
internal enum IdentifierKind
{
    Email = 1,
    Phone = 2,

    /// <summary>The customer's number in one shop's system; means something within its source.</summary>
    ShopId = 3,
    Card = 4,

    /// <summary>WeChat's number of a follower; means something within one account.</summary>
    OpenId = 5,

    /// <summary>WeChat's number of a person over all accounts of the brand's open platform.</summary>
    UnionId = 6,

    /// <summary>A browser or an app's installation.</summary>
    Device = 7,

    /// <summary>The customer's number in a partner's system; means something within the partner.</summary>
    PartnerId = 8,
}

/// <summary>How an identifier is found again: its kind and the keyed hash of its normalised value.</summary>
internal readonly record struct IdentifierHash(IdentifierKind Kind, Guid Hash);

/// <summary>An identifier as a touchpoint told it, normalised. Personal: it is never stored or logged as it is.</summary>
/// <param name="Scope">Keyed hash of the account, partner or source within which the value means something; null where it means the same everywhere.</param>
/// <param name="Verified">The touchpoint has proved that it is the customer's, such as by a code sent to it.</param>
/// <param name="Former">The event says that it was replaced by the other one of its kind: the customer then has both.</param>
internal readonly record struct Identifier(
    IdentifierKind Kind, string Value, IdentifierHash Hash, Guid? Scope = null, bool Verified = false, bool Former = false);

/// <summary>
/// HMAC-SHA256 with a key of the deployment, cut to 128 bits. Without the key nobody can try e-mail addresses or numbers against stored
/// hashes; with it, equal values of all touchpoints meet.
/// </summary>
internal sealed class KeyedHash(byte[] key)
{
    public IdentifierHash Of(IdentifierKind kind, string normalised) => new(kind, Of($"{(int)kind}\0{normalised}"));

    /// <summary>A number that means something only together with whose number it is: a touchpoint, a partner, an account.</summary>
    public IdentifierHash Of(IdentifierKind kind, string scope, string normalised) => Of(kind, $"{scope}\0{normalised}");

    /// <summary>Of the touchpoint, partner or account itself; the kind keeps it apart from the hashes of values.</summary>
    public Guid OfScope(IdentifierKind kind, string scope) => Of($"scope {(int)kind}\0{scope}");

    public Guid Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, bytes, hash);
        return new Guid(hash[..16], bigEndian: true);
    }

    private Guid Of(string text) => Of(Encoding.UTF8.GetBytes(text));
}
