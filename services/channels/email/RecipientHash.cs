using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Patron.Channels.Email;

/// <summary>Stands for an address where the address itself must not be kept: HMAC-SHA256 (RFC 2104) over its comparable form.</summary>
internal sealed class RecipientHash(byte[] key)
{
    /// <summary>43 characters of base64url. Two spellings of one mailbox that differ in case or blanks round them have one hash.</summary>
    public string Of(string address) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(address.Trim().Normalize(NormalizationForm.FormC).ToLowerInvariant())));
}
