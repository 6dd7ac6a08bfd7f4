using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Patron.Profile;

/// <summary>
/// What a customer's app shows as a QR code: <c>P1</c>, then in hexadecimal capitals (the alphabet that QR codes pack best) the customer's id
/// (16 bytes), the end of its validity in minutes since 1970 (4) and the first 10 bytes of an HMAC-SHA256 (RFC 2104) of all before. 62
/// characters. It tells nothing of the person, cannot be made up, and is of no use to who photographs it later.
/// </summary>
internal sealed class CustomerCodes(byte[] key, TimeSpan lifetime)
{
    private const string Prefix = "P1";
    private const int IdBytes = 16;
    private const int SignedBytes = IdBytes + sizeof(uint);
    private const int CheckBytes = 10;
    private const int Characters = 2 + ((SignedBytes + CheckBytes) * 2);

    /// <param name="now">System time: how long a code is valid is a matter of security.</param>
    public (string Text, DateTimeOffset ValidUntil) Make(Guid customer, DateTimeOffset now)
    {
        var end = (uint)Math.Ceiling((now + lifetime).ToUnixTimeSeconds() / 60.0);
        Span<byte> bytes = stackalloc byte[SignedBytes + CheckBytes];
        customer.TryWriteBytes(bytes, bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[IdBytes..], end);
        Check(bytes[..SignedBytes], bytes[SignedBytes..]);
        return (Prefix + Convert.ToHexString(bytes), DateTimeOffset.FromUnixTimeSeconds(end * 60L));
    }

    /// <summary>The customer, or null with what is wrong: <c>expired</c> or <c>invalid</c>.</summary>
    public Guid? Read(string text, DateTimeOffset now, out string? whyNot)
    {
        whyNot = "invalid";
        var code = text.Trim();
        Span<byte> bytes = stackalloc byte[SignedBytes + CheckBytes];
        if (code.Length != Characters || !code.StartsWith(Prefix, StringComparison.Ordinal)
            || Convert.FromHexString(code.AsSpan(Prefix.Length), bytes, out _, out _) != System.Buffers.OperationStatus.Done)
            return null;
        Span<byte> right = stackalloc byte[CheckBytes];
        Check(bytes[..SignedBytes], right);
        if (!CryptographicOperations.FixedTimeEquals(right, bytes[SignedBytes..]))
            return null;
        whyNot = now.ToUnixTimeSeconds() < BinaryPrimitives.ReadUInt32BigEndian(bytes[IdBytes..]) * 60L ? null : "expired";
        return whyNot is null ? new Guid(bytes[..IdBytes], bigEndian: true) : null;
    }

    private void Check(ReadOnlySpan<byte> signed, Span<byte> check)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, signed, hash);
        hash[..CheckBytes].CopyTo(check);
    }
}
