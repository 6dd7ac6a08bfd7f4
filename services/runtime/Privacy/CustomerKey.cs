using System.Security.Cryptography;
using System.Text;

namespace Patron.Runtime.Privacy;

/// <summary>
/// A customer's data key: AES-256-GCM. Destroying it makes everything sealed with it unreadable, wherever it lies (crypto-shredding).
/// </summary>
public sealed class CustomerKey
{
    public const int KeyBytes = SealedBox.KeyBytes;
    private readonly byte[] key;

    /// <exception cref="ArgumentException">The key is not 32 bytes long.</exception>
    public CustomerKey(Guid customer, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != KeyBytes)
            throw new ArgumentException($"A customer key has {KeyBytes} bytes, not {bytes.Length}.", nameof(bytes));
        Customer = customer;
        key = bytes.ToArray();
    }

    public Guid Customer { get; }

    /// <summary>
    /// Base64 of nonce, ciphertext and tag. <paramref name="field"/> (such as <c>email</c>) and the customer are bound to it, so that a
    /// value cannot be moved to another field or customer.
    /// </summary>
    public string Seal(string text, string field) =>
        Convert.ToBase64String(SealedBox.Seal(key, Encoding.UTF8.GetBytes(text), BoundTo(field)));

    /// <exception cref="CryptographicException">Sealed with another key, for another field or customer, or changed since.</exception>
    public string Unseal(string sealedText, string field) =>
        Encoding.UTF8.GetString(SealedBox.Open(key, Convert.FromBase64String(sealedText), BoundTo(field)));

    /// <summary>The key's bytes, to be wrapped by a master key or handed to a service that may have them.</summary>
    public byte[] Export() => [.. key];

    private byte[] BoundTo(string field) => Encoding.UTF8.GetBytes($"{Customer:D}/{field}");
}
