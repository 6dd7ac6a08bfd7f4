using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Patron.Loyalty;

/// <summary>Where a code stands: the number of its batch and its number within it.</summary>
internal readonly record struct CodeNumber(int Batch, int Serial);

/// <summary>
/// Computes codes instead of storing them: batch (15 bits), serial (24 bits) and 36 bits of an HMAC-SHA256 of the serial under the batch's own
/// key, all run through a permutation under the deployment's key. Whoever guesses meets a code with a chance of 2^-36 a try however many exist,
/// and a code shows neither its batch nor its place in it.
/// </summary>
/// <param name="key">32 bytes; another key makes every code that was printed unknown.</param>
internal sealed class CodeSpace(byte[] key)
{
    public const int BatchMax = (1 << 15) - 1;
    public const int SerialsMax = 1 << SerialBits;
    private const int SerialBits = 24;
    private const int ProofBits = 36;
    private const int LaterHalfBits = 40;

    private readonly Ff1 permutation = new(key, 1 << CodeText.DigitBits, CodeText.Digits);

    /// <summary>The codes of these serials of a batch, in order.</summary>
    /// <param name="codes">As many as there are serials from <paramref name="first"/> on.</param>
    public void Write(int batch, byte[] batchKey, int first, Span<string> codes)
    {
        var texts = new Halves[codes.Length];
        for (var i = 0; i < texts.Length; i++)
        {
            var plain = ((((UInt128)(uint)batch << SerialBits) | (uint)(first + i)) << ProofBits) | ProofOf(batchKey, first + i);
            texts[i] = new((ulong)(plain >> LaterHalfBits), (ulong)plain & ((1UL << LaterHalfBits) - 1));
        }

        permutation.Encrypt(texts);
        for (var i = 0; i < texts.Length; i++)
            codes[i] = CodeText.Write(((UInt128)texts[i].A << LaterHalfBits) | texts[i].B);
    }

    public string Write(CodeNumber number, byte[] batchKey)
    {
        var code = new string[1];
        Write(number.Batch, batchKey, number.Serial, code);
        return code[0];
    }

    /// <summary>What a code says it is; only <see cref="Proves"/> tells whether that is true. False where it is no code by its check digit.</summary>
    public bool TryRead(string? text, out CodeNumber number, out ulong proof)
    {
        (number, proof) = (default, 0);
        if (!CodeText.TryRead(text, out var value))
            return false;
        Span<Halves> texts = [new((ulong)(value >> LaterHalfBits), (ulong)value & ((1UL << LaterHalfBits) - 1))];
        permutation.Decrypt(texts);
        var plain = ((UInt128)texts[0].A << LaterHalfBits) | texts[0].B;
        number = new((int)(plain >> (SerialBits + ProofBits)), (int)(uint)(plain >> ProofBits) & (SerialsMax - 1));
        proof = (ulong)plain & ((1UL << ProofBits) - 1);
        return true;
    }

    public static bool Proves(ulong proof, CodeNumber number, byte[] batchKey) => proof == ProofOf(batchKey, number.Serial);

    private static ulong ProofOf(byte[] batchKey, int serial)
    {
        Span<byte> text = stackalloc byte[sizeof(int)];
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt32BigEndian(text, serial);
        HMACSHA256.HashData(batchKey, text, hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash) >> (64 - ProofBits);
    }
}
