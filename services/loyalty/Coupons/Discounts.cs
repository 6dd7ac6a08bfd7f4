namespace Patron.Loyalty;

/// <summary>
/// What one coupon takes off what earlier ones left of the lines, exactly in minor units. Percentages are rounded half up, once for all lines
/// together; an amount over several lines is shared in proportion to what is left of each, rounded down, and the minor units that remain go to
/// the largest fractions, then to the first lines. A line's pieces share its amount so that they differ by at most one minor unit.
/// </summary>
internal static class Discounts
{
    private const int Whole = 10_000;

    /// <summary>By line, 0 where nothing; never more than is left. Null for a benefit that takes nothing off.</summary>
    /// <param name="left">What is left of each line.</param>
    public static long[]? Of(CouponBenefit benefit, IReadOnlyList<int> lines, IReadOnlyList<BasketLine> basket, ReadOnlySpan<long> left)
    {
        switch (benefit.Kind)
        {
            case BenefitKind.Percentage:
                var share = Part(Sum(lines, left), benefit.BasisPoints);
                return Shared(benefit.MaxMinor > 0 ? Math.Min(share, benefit.MaxMinor) : share, lines, left);
            case BenefitKind.AmountOff:
                return Shared(Math.Min(benefit.AmountMinor, Sum(lines, left)), lines, left);
            case BenefitKind.FreeProduct:
                return Taken(Pieces(lines, basket, left).Take(benefit.Pieces), left.Length);
            case BenefitKind.BuyAndGet:
                var groups = Pieces(lines, basket, left).Chunk(benefit.Pieces).Where(group => group.Length == benefit.Pieces);
                return Taken(
                    (benefit.Times > 0 ? groups.Take(benefit.Times) : groups).SelectMany(group => group.TakeLast(benefit.Free))
                        .Select(piece => (piece.Line, Part(piece.Minor, benefit.BasisPoints))),
                    left.Length);
            default:
                return null;
        }
    }

    private static long Sum(IReadOnlyList<int> lines, ReadOnlySpan<long> left)
    {
        var sum = 0L;
        foreach (var line in lines)
            sum += left[line];
        return sum;
    }

    /// <summary>Rounded half up.</summary>
    private static long Part(long minor, int basisPoints) => (long)((((Int128)minor * basisPoints * 2) + Whole) / (Whole * 2));

    private static long[] Shared(long discount, IReadOnlyList<int> lines, ReadOnlySpan<long> left)
    {
        var shares = new long[left.Length];
        var total = Sum(lines, left);
        if (total == 0)
            return shares;
        var rest = discount;
        var fractions = new List<(Int128 Fraction, int Line)>(lines.Count);
        foreach (var line in lines)
        {
            var (whole, fraction) = Int128.DivRem((Int128)discount * left[line], total);
            shares[line] = (long)whole;
            rest -= shares[line];
            fractions.Add((fraction, line));
        }

        foreach (var (_, line) in fractions.OrderByDescending(it => it.Fraction).ThenBy(it => it.Line).Take((int)rest))
            shares[line]++;
        return shares;
    }

    /// <summary>The dearest first; of equal ones those of earlier lines.</summary>
    private static List<(int Line, long Minor)> Pieces(IReadOnlyList<int> lines, IReadOnlyList<BasketLine> basket, ReadOnlySpan<long> left)
    {
        var pieces = new List<(int Line, long Minor)>();
        foreach (var line in lines)
        {
            var quantity = basket[line].Quantity;
            for (var piece = 0; piece < quantity; piece++)
                pieces.Add((line, (left[line] * (piece + 1) / quantity) - (left[line] * piece / quantity)));
        }

        return [.. pieces.OrderByDescending(piece => piece.Minor).ThenBy(piece => piece.Line)];
    }

    private static long[] Taken(IEnumerable<(int Line, long Minor)> pieces, int lines)
    {
        var taken = new long[lines];
        foreach (var (line, minor) in pieces)
            taken[line] += minor;
        return taken;
    }
}
