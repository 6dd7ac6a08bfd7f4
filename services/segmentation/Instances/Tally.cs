using System.Numerics;

namespace Patron.Segmentation;

/// <summary>Rules, and of which combinations of them the customers are counted. Rules stand for themselves: none names a segment.</summary>
/// <param name="Rules">At most <see cref="RulesMax"/>.</param>
internal sealed record TallyQuestion(IReadOnlyList<Clause> Rules, IReadOnlyList<Combination> Counts, IReadOnlyList<Spread> Spreads)
{
    public const int RulesMax = 40;
}

/// <summary>Customers for whom every rule of <paramref name="All"/> holds and none of <paramref name="None"/>; bit i stands for rule i.</summary>
internal readonly record struct Combination(long All, long None);

/// <summary>How many of the customers of a combination fulfil 0, 1, 2 and more of the rules of <paramref name="Of"/>.</summary>
internal readonly record struct Spread(Combination Within, long Of);

/// <summary>The answer of one partition, or of several together.</summary>
/// <param name="Customers">All that count.</param>
/// <param name="Counts">In the order of the question, as the spreads; each of these has one more place than it has rules.</param>
internal sealed record Tally(long Customers, IReadOnlyList<long> Counts, IReadOnlyList<IReadOnlyList<long>> Spreads)
{
    /// <param name="evaluate">The customers who count and for whom a rule holds.</param>
    public static Tally Of(TallyQuestion question, Func<Clause, ulong[]> evaluate)
    {
        var everybody = evaluate(new AllOf());
        var rules = question.Rules.Select(evaluate).ToArray();
        return new(
            Ones(everybody),
            [.. question.Counts.Select(combination => Count(combination, everybody, rules))],
            [.. question.Spreads.Select(spread => Spread(Within(spread.Within, everybody, rules), [.. rules.Where((_, rule) => Has(spread.Of, rule))]))]);
    }

    public static Tally Sum(TallyQuestion question, IEnumerable<Tally> parts)
    {
        var (customers, counts) = (0L, new long[question.Counts.Count]);
        var spreads = question.Spreads.Select(spread => new long[BitOperations.PopCount((ulong)spread.Of) + 1]).ToArray();
        foreach (var part in parts)
        {
            customers += part.Customers;
            Add(counts, part.Counts);
            foreach (var (sum, more) in spreads.Zip(part.Spreads))
                Add(sum, more);
        }

        return new(customers, counts, spreads);
    }

    public static long Ones(ulong[] bits)
    {
        var ones = 0L;
        foreach (var word in bits)
            ones += BitOperations.PopCount(word);
        return ones;
    }

    private static bool Has(long mask, int rule) => (mask >> rule & 1) != 0;

    private static void Add(long[] sums, IReadOnlyList<long> more)
    {
        for (var i = 0; i < sums.Length; i++)
            sums[i] += more[i];
    }

    private static long Count(Combination combination, ulong[] everybody, ulong[][] rules)
    {
        var wanted = rules.Where((_, place) => Has(combination.All, place)).ToArray();
        var unwanted = rules.Where((_, place) => Has(combination.None, place)).ToArray();
        var ones = 0L;
        for (var word = 0; word < everybody.Length; word++)
        {
            var some = everybody[word];
            foreach (var rule in wanted)
                some &= rule[word];
            foreach (var rule in unwanted)
                some &= ~rule[word];
            ones += BitOperations.PopCount(some);
        }

        return ones;
    }

    private static ulong[] Within(Combination combination, ulong[] everybody, ulong[][] rules)
    {
        var bits = (ulong[])everybody.Clone();
        foreach (var (place, rule) in rules.Index())
        {
            var (wanted, unwanted) = (Has(combination.All, place), Has(combination.None, place));
            for (var word = 0; wanted && word < bits.Length; word++)
                bits[word] &= rule[word];
            for (var word = 0; unwanted && word < bits.Length; word++)
                bits[word] &= ~rule[word];
        }

        return bits;
    }

    /// <summary>Counts the rules of 64 customers at once, a binary digit a word.</summary>
    private static long[] Spread(ulong[] within, ulong[][] rules)
    {
        var spread = new long[rules.Length + 1];
        Span<ulong> digits = stackalloc ulong[BitOperations.Log2((uint)rules.Length + 1) + 1];
        for (var word = 0; word < within.Length; word++)
        {
            if (within[word] == 0)
                continue;
            digits.Clear();
            foreach (var rule in rules)
            {
                var carry = rule[word];
                for (var digit = 0; carry != 0; digit++)
                    (digits[digit], carry) = (digits[digit] ^ carry, digits[digit] & carry);
            }

            for (var number = 0; number < spread.Length; number++)
            {
                var alike = within[word];
                for (var digit = 0; digit < digits.Length; digit++)
                    alike &= (number >> digit & 1) != 0 ? digits[digit] : ~digits[digit];
                spread[number] += BitOperations.PopCount(alike);
            }
        }

        return spread;
    }
}
