namespace Patron.Loyalty;

/// <summary>
/// Sixteen characters in groups of four: fifteen digits of radix 32 and a check digit. The alphabet lacks 0, O, 1 and I, which people
/// confuse. The check is a word of a code over GF(32) whose weights are different powers of a primitive element, so it finds every wrong
/// character and every two that changed places, adjacent or not.
/// </summary>
internal static class CodeText
{
    public const string Alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    public const int Digits = 15;
    public const int DigitBits = 5;
    private const int GroupChars = 4;
    private const int Order = 31;

    // The primitive polynomial x^5 + x^2 + 1.
    private static readonly byte[] Powers = MakePowers();
    private static readonly byte[] Logarithms = MakeLogarithms();
    private static readonly sbyte[] Values = MakeValues();

    /// <param name="value">75 bits.</param>
    public static string Write(UInt128 value) => string.Create(Digits + 1 + (Digits / GroupChars), value, static (text, value) =>
    {
        Span<byte> digits = stackalloc byte[Digits + 1];
        for (var i = 0; i < Digits; i++)
            digits[i] = (byte)((uint)(value >> (DigitBits * (Digits - 1 - i))) & Order);
        digits[Digits] = CheckOf(digits);
        for (var (i, at) = (0, 0); i <= Digits; i++)
        {
            if (i > 0 && i % GroupChars == 0)
                text[at++] = '-';
            text[at++] = Alphabet[digits[i]];
        }
    });

    /// <summary>Reads a code as people type it: small letters, with or without hyphens and spaces. False where a character or the check is wrong.</summary>
    public static bool TryRead(string? text, out UInt128 value)
    {
        value = 0;
        Span<byte> digits = stackalloc byte[Digits + 1];
        var count = 0;
        foreach (var letter in text ?? "")
        {
            if (letter is '-' or ' ')
                continue;
            if (letter >= Values.Length || Values[letter] < 0 || count > Digits)
                return false;
            digits[count++] = (byte)Values[letter];
        }

        if (count != Digits + 1 || digits[Digits] != CheckOf(digits))
            return false;
        foreach (var digit in digits[..Digits])
            value = (value << DigitBits) | digit;
        return true;
    }

    private static byte CheckOf(ReadOnlySpan<byte> digits)
    {
        var sum = 0;
        for (var i = 0; i < Digits; i++)
            sum ^= digits[i] == 0 ? 0 : Powers[(Logarithms[digits[i]] + i) % Order];

        // The digit whose product with its own weight makes the sum zero.
        return sum == 0 ? (byte)0 : Powers[(Logarithms[sum] + Order - Digits) % Order];
    }

    private static byte[] MakePowers()
    {
        var powers = new byte[Order];
        for (var (i, power) = (0, 1); i < Order; i++)
        {
            powers[i] = (byte)power;
            power <<= 1;
            if (power > Order)
                power ^= 0b100101;
        }

        return powers;
    }

    private static byte[] MakeLogarithms()
    {
        var logarithms = new byte[Order + 1];
        for (var i = 0; i < Order; i++)
            logarithms[Powers[i]] = (byte)i;
        return logarithms;
    }

    private static sbyte[] MakeValues()
    {
        var values = new sbyte['z' + 1];
        Array.Fill(values, (sbyte)-1);
        for (var i = 0; i < Alphabet.Length; i++)
            values[Alphabet[i]] = values[char.ToLowerInvariant(Alphabet[i])] = (sbyte)i;
        return values;
    }
}
