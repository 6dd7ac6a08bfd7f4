using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;

namespace Patron.Loyalty;

internal sealed record IdempotencyKeyReused : Refusal
{
    public override string Code => "idempotency-key-reused";

    public override string Detail => "The idempotency key belongs to an earlier request with another body. Use a new key for a new request.";
}

/// <summary>
/// A request that changes something says by its key whether it is a repeat. The key becomes the id of what it makes, which the store keeps
/// unique for ever; a short hash of the body stands in the event, so that another body under the same key is noticed.
/// </summary>
internal static class Idempotency
{
    public const string Header = "Idempotency-Key";
    public const int KeyCharsMax = 128;

    private const int BodyBytes = 8;

    /// <summary>What is wrong with a key, or null.</summary>
    public static FieldError? FaultOf(string? key) => key is { Length: >= 1 and <= KeyCharsMax }
        ? null
        : new FieldError(Header, $"Send this header with 1 to {KeyCharsMax} characters, new for every request and the same for a retry.");

    /// <summary>The same for the same customer and key for ever; what it is for, such as <c>hold</c>, has keys of its own.</summary>
    public static Guid IdFor(string what, Guid customer, string key) => HashOf($"{what}/{customer:D}/{key}");

    /// <summary>The first 16 bytes of the text's SHA-256.</summary>
    public static Guid HashOf(string text) => new(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));

    /// <summary>16 hexadecimal digits that differ with any of these values, told apart by their places.</summary>
    public static string BodyOf(params ReadOnlySpan<object?> values)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var value in values)
        {
            var text = Encoding.UTF8.GetBytes(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
            BinaryPrimitives.WriteInt32LittleEndian(length, value is null ? -1 : text.Length);
            hash.AppendData(length);
            hash.AppendData(text);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, BodyBytes));
    }
}
