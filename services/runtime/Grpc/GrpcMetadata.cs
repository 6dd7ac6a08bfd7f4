using System.Collections;

namespace Patron.Runtime.Grpc;

/// <summary>One metadata value as it stands on the wire: text, or base64 when the key ends in "-bin".</summary>
public readonly record struct GrpcMetadataEntry(string Key, string Value);

/// <summary>
/// Custom metadata of a call, in order; a key may occur more than once. Keys are lower case, of letters, digits and "-_."; those that
/// begin with "grpc-" belong to the protocol. Text is printable ASCII; other bytes go under a key that ends in "-bin". Not thread-safe.
/// </summary>
public sealed class GrpcMetadata : IEnumerable<GrpcMetadataEntry>
{
    private const string BinarySuffix = "-bin";

    private readonly List<GrpcMetadataEntry> _entries = [];

    public int Count => _entries.Count;

    /// <exception cref="ArgumentException">The key or the text is not allowed.</exception>
    public void Add(string key, string text)
    {
        CheckKey(key, binary: false);
        if (text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            throw new ArgumentException($"The text of metadata '{key}' is not printable ASCII; use a key that ends in {BinarySuffix}.", nameof(text));
        _entries.Add(new(key, text));
    }

    /// <param name="key">Ends in "-bin".</param>
    /// <param name="bytes">Any bytes.</param>
    /// <exception cref="ArgumentException">The key is not allowed.</exception>
    public void Add(string key, ReadOnlySpan<byte> bytes)
    {
        CheckKey(key, binary: true);
        _entries.Add(new(key, Convert.ToBase64String(bytes).TrimEnd('=')));
    }

    /// <summary>The last text under a key, or null. The key is compared ignoring case.</summary>
    public string? Text(string key)
    {
        for (var i = _entries.Count - 1; i >= 0; i--)
        {
            if (string.Equals(_entries[i].Key, key, StringComparison.OrdinalIgnoreCase))
                return _entries[i].Value;
        }

        return null;
    }

    /// <summary>The last bytes under a key that ends in "-bin", or null.</summary>
    /// <exception cref="GrpcException">INVALID_ARGUMENT: the peer sent something that is not base64.</exception>
    public byte[]? Binary(string key)
    {
        if (Text(key) is not { } text)
            return null;

        // Values under one key may arrive joined by commas; padding is optional.
        var last = text.AsSpan(text.LastIndexOf(',') + 1).Trim().TrimEnd('=').ToString();
        var bytes = new byte[last.Length];
        if (!Convert.TryFromBase64String(last.PadRight((last.Length + 3) / 4 * 4, '='), bytes, out var length))
            throw new GrpcException(GrpcStatus.InvalidArgument, $"Metadata {key} is not base64.");
        return bytes[..length];
    }

    public IEnumerator<GrpcMetadataEntry> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Takes over a header as received, unless it belongs to the protocol.</summary>
    internal void AddReceived(string name, string? value)
    {
        if (value is null || name.StartsWith(':') || (IsReserved(name) && !name.Equals(GrpcErrorDetails.Trailer, StringComparison.OrdinalIgnoreCase)))
            return;
        _entries.Add(new(name.ToLowerInvariant(), value));
    }

    /// <summary>Under a key of the protocol's own.</summary>
    internal void AddOfProtocol(string key, ReadOnlySpan<byte> bytes) => _entries.Add(new(key, Convert.ToBase64String(bytes).TrimEnd('=')));

    private static void CheckKey(string key, bool binary)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        foreach (var c in key)
        {
            if (!(char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.'))
                throw new ArgumentException($"'{key}' is not a metadata key: only lower-case letters, digits and -_. are allowed.", nameof(key));
        }

        if (IsReserved(key))
            throw new ArgumentException($"The metadata key '{key}' belongs to the protocol.", nameof(key));
        if (key.EndsWith(BinarySuffix, StringComparison.Ordinal) != binary)
            throw new ArgumentException($"Keys of bytes, and only those, end in {BinarySuffix}: '{key}'.", nameof(key));
    }

    private static bool IsReserved(string name) =>
        name.StartsWith("grpc-", StringComparison.OrdinalIgnoreCase)
        || name.Equals("te", StringComparison.OrdinalIgnoreCase)
        || name.Equals("host", StringComparison.OrdinalIgnoreCase)
        || name.Equals("content-type", StringComparison.OrdinalIgnoreCase)
        || name.Equals("content-length", StringComparison.OrdinalIgnoreCase);
}
