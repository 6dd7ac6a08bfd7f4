using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Patron.Loyalty;

/// <summary>A text of digits as two numbers: the first half of its digits and the rest.</summary>
internal readonly record struct Halves(ulong A, ulong B);

/// <summary>
/// Format-preserving encryption FF1 (NIST SP 800-38G, 5.1) with an empty tweak, of many texts at a time: a keyed permutation of all texts
/// of one length, so that what is in order before shows no order after.
/// </summary>
/// <param name="key">16, 24 or 32 bytes.</param>
/// <param name="radix">2 to 65,536.</param>
/// <param name="length">Digits of a text; each half must be less than 2^63.</param>
internal sealed class Ff1(byte[] key, int radix, int length)
{
    private const int Rounds = 10;
    private const int BlockBytes = 16;

    private readonly int bytes = ((int)Math.Ceiling((length - (length / 2)) * Math.Log2(radix)) + 7) / 8;
    private readonly ulong first = (ulong)BigInteger.Pow(radix, length / 2);
    private readonly ulong second = (ulong)BigInteger.Pow(radix, length - (length / 2));

    public void Encrypt(Span<Halves> texts)
    {
        using var cipher = Open(out var prefix);
        var blocks = new byte[texts.Length * BlockBytes];
        for (var round = 0; round < Rounds; round++)
        {
            Mix(cipher, prefix, blocks, round, texts, takesA: false);
            var modulus = round % 2 == 0 ? first : second;
            for (var i = 0; i < texts.Length; i++)
            {
                var sum = (UInt128)texts[i].A + (ulong)(Number(blocks, i) % modulus);
                texts[i] = new(texts[i].B, (ulong)(sum % modulus));
            }
        }
    }

    public void Decrypt(Span<Halves> texts)
    {
        using var cipher = Open(out var prefix);
        var blocks = new byte[texts.Length * BlockBytes];
        for (var round = Rounds - 1; round >= 0; round--)
        {
            Mix(cipher, prefix, blocks, round, texts, takesA: true);
            var modulus = round % 2 == 0 ? first : second;
            for (var i = 0; i < texts.Length; i++)
            {
                var difference = (UInt128)texts[i].B + modulus - (ulong)(Number(blocks, i) % modulus);
                texts[i] = new((ulong)(difference % modulus), texts[i].A);
            }
        }
    }

    /// <summary>The first block of every CBC-MAC is the same.</summary>
    private Aes Open(out UInt128 prefix)
    {
        Span<byte> block = stackalloc byte[BlockBytes];
        (block[0], block[1], block[2], block[6], block[7]) = (1, 2, 1, Rounds, (byte)(length / 2));
        (block[3], block[4], block[5]) = ((byte)(radix >> 16), (byte)(radix >> 8), (byte)radix);
        BinaryPrimitives.WriteInt32BigEndian(block[8..], length);
        var cipher = Aes.Create();
        cipher.Key = key;
        cipher.EncryptEcb(block, block, PaddingMode.None);
        prefix = BinaryPrimitives.ReadUInt128BigEndian(block);
        return cipher;
    }

    private void Mix(Aes cipher, UInt128 prefix, byte[] blocks, int round, ReadOnlySpan<Halves> texts, bool takesA)
    {
        var head = prefix ^ ((UInt128)(uint)round << (8 * bytes));
        for (var i = 0; i < texts.Length; i++)
            BinaryPrimitives.WriteUInt128BigEndian(blocks.AsSpan(i * BlockBytes), head ^ (takesA ? texts[i].A : texts[i].B));
        cipher.EncryptEcb(blocks, blocks, PaddingMode.None);
    }

    private UInt128 Number(byte[] blocks, int index)
    {
        var taken = (4 * ((bytes + 3) / 4)) + 4;
        return BinaryPrimitives.ReadUInt128BigEndian(blocks.AsSpan(index * BlockBytes)) >> (8 * (BlockBytes - taken));
    }
}
