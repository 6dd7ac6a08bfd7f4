using System.Security.Cryptography;

namespace Patron.Runtime.Privacy;

/// <summary>AES-256-GCM with a random nonce: a box is nonce (12 bytes), ciphertext and tag (16 bytes).</summary>
public static class SealedBox
{
    public const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <param name="key">32 bytes.</param>
    /// <param name="boundTo">What the box belongs to: it opens only with the same bytes, so that it cannot be moved elsewhere.</param>
    public static byte[] Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> boundTo)
    {
        var box = new byte[NonceBytes + plain.Length + TagBytes];
        var nonce = box.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(nonce, plain, box.AsSpan(NonceBytes, plain.Length), box.AsSpan(NonceBytes + plain.Length), boundTo);
        return box;
    }

    /// <exception cref="CryptographicException">Sealed with another key, bound to something else, or changed since.</exception>
    public static byte[] Open(ReadOnlySpan<byte> key, ReadOnlySpan<byte> box, ReadOnlySpan<byte> boundTo)
    {
        if (box.Length < NonceBytes + TagBytes)
            throw new CryptographicException("A sealed value is too short to be one.");
        var plain = new byte[box.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        aes.Decrypt(box[..NonceBytes], box.Slice(NonceBytes, plain.Length), box[(NonceBytes + plain.Length)..], plain, boundTo);
        return plain;
    }
}
