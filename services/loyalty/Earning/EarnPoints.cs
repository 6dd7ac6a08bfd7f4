using System.Numerics;

namespace Patron.Loyalty;

/// <summary>What a purchase earns, and why.</summary>
/// <param name="Points">All of it; the sum over the lines.</param>
/// <param name="Lines">Points of each sale line, in the order of the purchase.</param>
/// <param name="Given">What each rule gave beyond rate and tier, in the order of the document; empty where none gave anything.</param>
/// <param name="Cut">What the programme's caps took away.</param>
/// <param name="Counted">What counts against caps of days and months from now on.</param>
internal sealed record Earned(
    long Points, IReadOnlyList<long> Lines, IReadOnlyList<RulePoints> Given, long Cut, IReadOnlyList<CapUse> Counted);

/// <summary>Points that a rule gave.</summary>
internal readonly record struct RulePoints(string Rule, long Points);

/// <summary>
/// What a version of the programme gives for a purchase. The live ledger and a backtest use this very function.
/// <para>
/// A line's amount makes points by the currency's rate, times the tier's multiplier, times the multiplier that its rules come to; the sum over
/// the purchase is rounded once. A rule gives what it adds to the rules before it in the document; together they multiply by at most 100, and
/// products of them are kept to a hundredth of a percent. Bonus points come on top and are not multiplied. Then a rule's caps limit what the
/// rule gives, and last the programme's caps limit the whole purchase. Caps of a day or month count what was booked before, by the day of the
/// purchase: of purchases that come out of order, those that are booked first have the room. A return gives none back, so that what a purchase
/// earns does not depend on whether another one's return was known yet.
/// </para>
/// </summary>
internal static class EarnPoints
{
    private const int Whole = 10_000;
    private const int FactorMax = 100 * Whole;

    /// <param name="programme">The version that was in force when the purchase happened.</param>
    /// <param name="tier">The member's tier before the purchase.</param>
    /// <param name="used">What counts against caps so far.</param>
    /// <exception cref="OverflowException">More points than a whole number of 64 bits holds.</exception>
    public static Earned Of(Programme programme, Purchase purchase, string tier, IReadOnlyList<CapUse> used)
    {
        var lines = new long[purchase.Sales.Count];
        if (programme.RateOf(purchase.Currency) is not { } rate)
            return new(0, lines, [], 0, []);
        var amounts = new long[lines.Length];
        long spent = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            amounts[i] = programme.Exclusions.Has(purchase.Sales[i]) ? 0 : Math.Max(0, purchase.Sales[i].AmountMinor);
            spent = checked(spent + amounts[i]);
        }

        if (spent < rate.MinimumMinor)
            return new(0, lines, [], 0, []);

        var percent = programme.Rule(tier).MultiplierPercent;
        var unit = 100 * (Int128)Whole * rate.MinorPerPoint;
        long points = 0;
        Int128 weight = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            // Each line gets what it adds to the rounded total, so that the lines add up to the purchase.
            weight += (Int128)amounts[i] * percent * Whole;
            var total = Rounded(weight, unit, programme.Rounding);
            (lines[i], points) = (total - points, total);
        }

        if (programme.Rules.Count == 0 && programme.Caps == PointCaps.None)
            return new(points, lines, [], 0, []);
        var work = new Work(programme, purchase, tier, amounts, lines, new CapRoom(used, programme.DayOf(purchase.OccurredAt)));
        work.Multiply(weight, points, percent, unit);
        work.AddBonuses();
        return work.Finish();
    }

    private static long Rounded(Int128 weight, Int128 unit, Rounding rounding) => checked((long)(rounding switch
    {
        Rounding.Down => weight,
        Rounding.Nearest => weight + (unit / 2),
        _ => weight + unit - 1,
    } / unit));

    /// <summary>The rare purchase of a programme with rules or caps.</summary>
    private sealed class Work(Programme programme, Purchase purchase, string tier, long[] amounts, long[] lines, CapRoom room)
    {
        private readonly List<EarnRule> rules =
            [.. programme.Rules.Where(rule => rule.When.Holds(purchase, tier, programme.LocalTime(purchase.OccurredAt)))];

        private readonly List<RulePoints> given = [];

        public void Multiply(Int128 weight, long points, int percent, Int128 unit)
        {
            var factors = Enumerable.Repeat(Whole, lines.Length).ToArray();
            foreach (var rule in rules.Where(rule => rule.MultiplierPercent > 0))
            {
                if (Matching(rule) is not { } matching)
                    continue;
                var added = new Int128[lines.Length];
                foreach (var i in matching)
                {
                    var before = factors[i];
                    factors[i] = Combined(before, rule.MultiplierPercent);
                    added[i] = (Int128)amounts[i] * percent * (factors[i] - before);
                    weight += added[i];
                }

                var total = Rounded(weight, unit, programme.Rounding);
                Give(rule, total - points, added);
                points = total;
            }
        }

        public void AddBonuses()
        {
            foreach (var rule in rules.Where(rule => rule.MultiplierPercent == 0))
            {
                if (Matching(rule) is not { } matching)
                    continue;
                var shares = new Int128[lines.Length];
                foreach (var i in matching)
                    shares[i] = rule.BonusPoints > 0 ? amounts[i] : purchase.Sales[i].Quantity;
                if (shares.All(share => share == 0))
                    shares[matching[0]] = 1;
                var pieces = matching.Sum(i => (long)purchase.Sales[i].Quantity);
                Give(rule, rule.BonusPoints > 0 ? rule.BonusPoints : checked(rule.BonusPointsPerPiece * pieces), shares);
            }
        }

        public Earned Finish()
        {
            var points = checked(lines.Sum());
            var kept = Math.Min(points, room.Of(null, programme.Caps));
            var cut = points - kept;
            for (var (i, rest) = (lines.Length - 1, cut); rest > 0; i--)
            {
                var taken = Math.Min(rest, lines[i]);
                lines[i] -= taken;
                rest -= taken;
            }

            room.Count(null, programme.Caps, kept);
            return new(kept, lines, given, cut, room.Counted);
        }

        /// <summary>The numbers of the lines that count for a rule; null where they do not come to what it asks for.</summary>
        private List<int>? Matching(EarnRule rule)
        {
            var matching = new List<int>();
            for (var i = 0; i < lines.Length; i++)
            {
                if (!programme.Exclusions.Has(purchase.Sales[i]) && rule.When.Counts(purchase.Sales[i]))
                    matching.Add(i);
            }

            return matching.Count > 0 && matching.Sum(i => amounts[i]) >= rule.When.MinimumSpendMinor ? matching : null;
        }

        private int Combined(int before, int percent) => (int)Math.Min(FactorMax, programme.Stacking switch
        {
            Stacking.Best => Math.Max(before, percent * 100),
            Stacking.Add => before + ((percent - 100) * 100),
            _ => (long)before * percent / 100,
        });

        /// <summary>Gives a rule's points as far as its caps have room, to the lines by their shares.</summary>
        private void Give(EarnRule rule, long points, Int128[] shares)
        {
            points = Math.Min(points, room.Of(rule.Id, rule.Caps));
            if (points <= 0)
                return;
            given.Add(new(rule.Id, points));
            room.Count(rule.Id, rule.Caps, points);
            var whole = shares.Aggregate(BigInteger.Zero, (sum, share) => sum + share);
            BigInteger so = 0;
            long before = 0;
            for (var i = 0; i < lines.Length; i++)
            {
                so += shares[i];
                var after = (long)(points * so / whole);
                lines[i] = checked(lines[i] + after - before);
                before = after;
            }
        }
    }
}
