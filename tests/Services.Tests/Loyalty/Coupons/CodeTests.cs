using System.Security.Cryptography;
using NUnit.Framework;
using Patron.Loyalty;

namespace Patron.Services.Tests.Loyalty.Coupons;

/// <summary>Codes are computed: what is printed is read again, errors of people are found, and nothing shows order or can be guessed.</summary>
internal sealed class CodeTests
{
    private const int CodeChars = 16;

    // The samples of NIST's FF1samples.pdf that have no tweak: AES-128, AES-192 and AES-256.
    [TestCase("2B7E151628AED2A6ABF7158809CF4F3C", 1234ul, 56789ul, 24334ul, 77484ul)]
    [TestCase("2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F", 1234ul, 56789ul, 28306ul, 68132ul)]
    [TestCase("2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94", 1234ul, 56789ul, 66576ul, 67009ul)]
    public void The_permutation_is_FF1_by_the_samples_of_its_standard(string key, ulong a, ulong b, ulong expectedA, ulong expectedB)
    {
        var permutation = new Ff1(Convert.FromHexString(key), radix: 10, length: 10);
        Halves[] texts = [new(a, b)];
        permutation.Encrypt(texts);
        Assert.That(texts[0], Is.EqualTo(new Halves(expectedA, expectedB)));
        permutation.Decrypt(texts);
        Assert.That(texts[0], Is.EqualTo(new Halves(a, b)));
    }

    [Test]
    public void Every_code_of_a_batch_is_read_as_its_own_number_and_proved()
    {
        var (space, key) = (new CodeSpace(Key(1)), Key(2));
        var codes = new string[50_000];
        space.Write(32_767, key, CodeSpace.SerialsMax - codes.Length, codes);
        Assert.That(codes.Distinct().Count(), Is.EqualTo(codes.Length));
        foreach (var (index, code) in codes.Index())
        {
            Assert.That(space.TryRead(code, out var number, out var proof), Is.True);
            Assert.That(number, Is.EqualTo(new CodeNumber(32_767, CodeSpace.SerialsMax - codes.Length + index)));
            Assert.That(CodeSpace.Proves(proof, number, key), Is.True);
        }

        Assert.That(space.Write(new(32_767, CodeSpace.SerialsMax - 1), key), Is.EqualTo(codes[^1]));
        Assert.That(codes[0], Does.Match("^[2-9A-HJ-NP-Z]{4}(-[2-9A-HJ-NP-Z]{4}){3}$"));
    }

    [Test]
    public void A_code_is_read_as_people_type_it()
    {
        var (space, key) = (new CodeSpace(Key(1)), Key(2));
        var code = space.Write(new(3, 77), key);
        foreach (var typed in new[] { code.ToLowerInvariant(), code.Replace("-", "", StringComparison.Ordinal), $" {code.Replace('-', ' ')} " })
        {
            Assert.That(space.TryRead(typed, out var number, out _), Is.True, typed);
            Assert.That(number, Is.EqualTo(new CodeNumber(3, 77)));
        }

        foreach (var wrong in new[] { null, "", code[..^1], code + "2", code[..^1] + "0", code[..^1] + "é", new string('-', 40) })
            Assert.That(space.TryRead(wrong, out _, out _), Is.False, wrong);
    }

    /// <summary>The check is linear over GF(32), so what is shown for one code holds for all; a hundred are tried all the same.</summary>
    [Test]
    public void Every_single_wrong_character_and_every_two_in_each_others_place_are_found()
    {
        var space = new CodeSpace(Key(1));
        var codes = new string[100];
        space.Write(1, Key(2), 0, codes);
        foreach (var code in codes.Select(code => code.Replace("-", "", StringComparison.Ordinal)))
        {
            for (var at = 0; at < CodeChars; at++)
            {
                foreach (var other in CodeText.Alphabet.Where(letter => letter != code[at]))
                    Assert.That(CodeText.TryRead(string.Concat(code.AsSpan(0, at), [other], code.AsSpan(at + 1)), out _), Is.False);
                for (var with = at + 1; with < CodeChars; with++)
                {
                    var letters = code.ToCharArray();
                    (letters[at], letters[with]) = (letters[with], letters[at]);
                    Assert.That(CodeText.TryRead(letters.AsSpan().ToString(), out _), Is.EqualTo(code[at] == code[with]));
                }
            }
        }
    }

    /// <summary>Two digits that change places change the check by (weight − weight) × (digit − digit), which is zero only for equal digits.</summary>
    [Test]
    public void Every_pair_of_digits_in_every_two_places_is_told_apart()
    {
        for (var first = 0; first < 32; first++)
        {
            for (var second = 0; second < 32; second++)
            {
                if (first == second)
                    continue;
                for (var at = 0; at < CodeText.Digits - 1; at++)
                {
                    var one = CodeText.Write(At(first, at) | At(second, at + 1));
                    var other = CodeText.Write(At(second, at) | At(first, at + 1));
                    Assert.That(one[^1], Is.Not.EqualTo(other[^1]));
                }
            }
        }

        static UInt128 At(int digit, int place) => (UInt128)(uint)digit << (CodeText.DigitBits * (CodeText.Digits - 1 - place));
    }

    [Test]
    public void Neighbours_in_a_batch_have_nothing_in_common()
    {
        var codes = new string[20_000];
        new CodeSpace(Key(1)).Write(0, Key(2), 0, codes);
        Assert.That(codes.Order(StringComparer.Ordinal), Is.Not.EqualTo(codes));

        // Each place of the code has each letter about equally often: 625 times here, with a deviation of about 25.
        for (var at = 0; at < codes[0].Length; at++)
        {
            var place = at;
            if (codes[0][place] != '-')
                Assert.That(codes.CountBy(code => code[place]).Select(it => it.Value), Is.All.InRange(460, 790), $"place {place}");
        }

        var same = Enumerable.Range(1, codes.Length - 1).Average(i => codes[i].Where((letter, at) => letter != '-' && letter == codes[i - 1][at]).Count());
        Assert.That(same, Is.InRange(0.45, 0.55), "of 16 places half a one is the same by chance");
    }

    [Test]
    public void A_guess_with_a_right_check_digit_is_no_code()
    {
        var (space, key) = (new CodeSpace(Key(1)), Key(2));
        var random = new Random(7);
        var met = 0;
        for (var i = 0; i < 100_000; i++)
        {
            var guess = CodeText.Write(((UInt128)random.NextInt64() << 40 ^ (ulong)random.NextInt64()) & ((UInt128.One << 75) - 1));
            Assert.That(space.TryRead(guess, out var number, out var proof), Is.True);
            met += CodeSpace.Proves(proof, number, key) ? 1 : 0;
        }

        Assert.That(met, Is.Zero);
    }

    [Test]
    public void A_code_of_another_deployment_or_of_another_batch_key_is_no_code()
    {
        var code = new CodeSpace(Key(1)).Write(new(5, 9), Key(2));
        Assert.That(new CodeSpace(Key(1)).TryRead(code, out var number, out var proof), Is.True);
        Assert.That(CodeSpace.Proves(proof, number, Key(3)), Is.False);
        Assert.That(new CodeSpace(Key(4)).TryRead(code, out number, out proof), Is.True);
        Assert.That(CodeSpace.Proves(proof, number, Key(2)), Is.False);
    }

    private static byte[] Key(byte number) => SHA256.HashData([number]);
}
