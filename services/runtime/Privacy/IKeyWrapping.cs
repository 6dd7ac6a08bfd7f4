using System.Security.Cryptography;

namespace Patron.Runtime.Privacy;

/// <summary>A key and whose it is, such as a customer's id; wrapped, it opens for no other owner.</summary>
public readonly record struct OwnedKey(ReadOnlyMemory<byte> Key, string Owner);

/// <summary>
/// Wraps data keys with a master key that this process may or may not hold: <see cref="MasterKeys"/> from a file or the environment,
/// <see cref="TransitKeys"/> over HTTP from a key management service. A wrapped key names its master key, so that one that is no longer current
/// still opens what it wrapped. All calls are for many keys at once and change nothing: a retry is safe.
/// </summary>
public interface IKeyWrapping
{
    /// <summary>How every key begins that the current master key wrapped, and no other does.</summary>
    /// <exception cref="HttpRequestException">The service cannot be reached or refuses.</exception>
    ValueTask<byte[]> CurrentPrefixAsync(CancellationToken cancellation);

    /// <summary>Wrapped by the current master key, in the same order.</summary>
    /// <exception cref="HttpRequestException">The service cannot be reached or refuses.</exception>
    ValueTask<IReadOnlyList<byte[]>> WrapAsync(IReadOnlyList<OwnedKey> keys, CancellationToken cancellation);

    /// <summary>The keys themselves, in the same order.</summary>
    /// <exception cref="CryptographicException">One was wrapped by a master key that is not known, for another owner, or was changed since.</exception>
    /// <exception cref="HttpRequestException">The service cannot be reached or refuses.</exception>
    ValueTask<IReadOnlyList<byte[]>> UnwrapAsync(IReadOnlyList<OwnedKey> wrapped, CancellationToken cancellation);

    /// <summary>The same keys wrapped by the current master key, in the same order.</summary>
    /// <exception cref="CryptographicException">As in <see cref="UnwrapAsync"/>.</exception>
    /// <exception cref="HttpRequestException">The service cannot be reached or refuses.</exception>
    ValueTask<IReadOnlyList<byte[]>> RewrapAsync(IReadOnlyList<OwnedKey> wrapped, CancellationToken cancellation);
}
