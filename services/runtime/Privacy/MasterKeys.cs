using System.Security.Cryptography;
using System.Text;

namespace Patron.Runtime.Privacy;

/// <summary>
/// The keys that wrap other keys. New ones are wrapped by the current master key; former ones still open what they wrapped, so that a
/// master key can be changed without an interruption. A wrapped key is 4 bytes that name its master key, then a <see cref="SealedBox"/>.
/// </summary>
public sealed class MasterKeys : IKeyWrapping
{
    private const int NameBytes = 4;
    private readonly byte[] current;
    private readonly Dictionary<uint, byte[]> byName = [];

    /// <param name="current">32 random bytes.</param>
    /// <param name="former">Master keys that were current before, 32 bytes each.</param>
    /// <exception cref="ArgumentException">A key is not 32 bytes long, or given twice.</exception>
    public MasterKeys(byte[] current, params IReadOnlyList<byte[]> former)
    {
        foreach (var key in (IEnumerable<byte[]>)[current, .. former])
        {
            if (key.Length != SealedBox.KeyBytes)
                throw new ArgumentException($"A master key has {SealedBox.KeyBytes} bytes, not {key.Length}.");
            byName.Add(NameOf(key), key);
        }
        this.current = current;
    }

    /// <param name="owner">Whose key it is, such as a customer's id; it opens for no other owner.</param>
    public byte[] Wrap(ReadOnlySpan<byte> key, string owner)
    {
        var wrapped = SealedBox.Seal(current, key, Encoding.UTF8.GetBytes(owner));
        var named = new byte[NameBytes + wrapped.Length];
        BitConverter.TryWriteBytes(named, NameOf(current));
        wrapped.CopyTo(named, NameBytes);
        return named;
    }

    /// <exception cref="CryptographicException">Wrapped by a master key that is not configured, for another owner, or changed since.</exception>
    public byte[] Unwrap(ReadOnlySpan<byte> wrapped, string owner)
    {
        if (wrapped.Length < NameBytes || !byName.TryGetValue(BitConverter.ToUInt32(wrapped), out var key))
            throw new CryptographicException("A key was wrapped by a master key that is not configured here; add it to the former ones.");
        return SealedBox.Open(key, wrapped[NameBytes..], Encoding.UTF8.GetBytes(owner));
    }

    /// <inheritdoc/>
    public ValueTask<byte[]> CurrentPrefixAsync(CancellationToken cancellation) => new(BitConverter.GetBytes(NameOf(current)));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<byte[]>> WrapAsync(IReadOnlyList<OwnedKey> keys, CancellationToken cancellation) =>
        new([.. keys.Select(k => Wrap(k.Key.Span, k.Owner))]);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<byte[]>> UnwrapAsync(IReadOnlyList<OwnedKey> wrapped, CancellationToken cancellation) =>
        new([.. wrapped.Select(k => Unwrap(k.Key.Span, k.Owner))]);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<byte[]>> RewrapAsync(IReadOnlyList<OwnedKey> wrapped, CancellationToken cancellation) =>
        new([.. wrapped.Select(k => Wrap(Unwrap(k.Key.Span, k.Owner), k.Owner))]);

    /// <summary>32 bytes for another purpose, by HKDF-SHA256 (RFC 5869) from the current master key.</summary>
    public byte[] Derive(string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, current, SealedBox.KeyBytes, info: Encoding.UTF8.GetBytes(purpose));

    // The first bytes of a hash name a key without telling anything of it.
    private static uint NameOf(byte[] key) => BitConverter.ToUInt32(SHA256.HashData(key));
}
