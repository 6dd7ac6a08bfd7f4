using System.Numerics;

namespace Patron.Loyalty;

/// <summary>
/// The best combination of coupons for a basket. Allowed are those where nobody exclusive has company, of a group there is one at most, no
/// campaign is used more often than its customer may, and every coupon that is meant to take something off does. Coupons are taken off by
/// priority, then by id. Best is what takes off most; of equals, what gives more other benefits; then what needs fewer coupons; then the one
/// whose coupons come first by priority and id. All combinations are tried, of at most <see cref="CandidatesMax"/> coupons: those that alone
/// take off most.
/// </summary>
internal static class EvaluateBasket
{
    public const int CandidatesMax = 10;
    public const int UsualPoints = 10_000;

    private static readonly WhyNot TooMany = new("too-many-coupons", $"Only the {CandidatesMax} coupons that take off most are combined.");

    private static readonly WhyNot NotInBest = new(
        "not-in-best-combination", "It does not go together with the coupons that were chosen, which are worth more, or adds nothing to them.");

    private sealed record Usable(Candidate Candidate, IReadOnlyList<int> Lines)
    {
        public CouponBenefit Benefit => Candidate.Campaign.Benefit;

        public CouponStacking Stacking => Candidate.Campaign.Stacking ?? CouponStacking.Free;
    }

    private sealed record Outcome(long Discount, int Benefits, IReadOnlyList<(Usable Coupon, long[]? ByLine)> Taken);

    /// <param name="refused">Coupons that were shown and cannot be used at all.</param>
    public static BasketAnswer Of(Basket basket, IReadOnlyList<Candidate> candidates, IReadOnlyList<LeftOut> refused, string? tier, DateTimeOffset at)
    {
        var leftOut = refused.ToList();
        var usable = new List<Usable>();
        foreach (var candidate in candidates.DistinctBy(it => it.Coupon))
        {
            if (BasketConditions.WhyNot(candidate.Campaign, basket, at, tier) is { } why)
                leftOut.Add(Left(candidate, why));
            else
                usable.Add(new(candidate, BasketConditions.LinesOf(candidate.Campaign, basket)));
        }

        var (kept, tooMany) = Kept(usable, basket);
        leftOut.AddRange(tooMany.Select(it => Left(it.Candidate, TooMany)));
        var best = Best(kept, basket);
        var taken = best.Taken.Select(it => it.Coupon).ToHashSet();
        leftOut.AddRange(kept.Where(it => !taken.Contains(it)).Select(it => Left(it.Candidate, NotInBest)));
        return Answer(basket, best, leftOut);
    }

    private static (IReadOnlyList<Usable> Kept, IReadOnlyList<Usable> TooMany) Kept(List<Usable> usable, Basket basket)
    {
        var amounts = Amounts(basket);
        var ranked = usable.OrderByDescending(it => Discounts.Of(it.Benefit, it.Lines, basket.Lines, amounts)?.Sum() ?? 0)
            .ThenBy(it => it.Stacking.Priority).ThenBy(it => it.Candidate.Coupon).ToList();
        return (
            [.. ranked.Take(CandidatesMax).OrderBy(it => it.Stacking.Priority).ThenBy(it => it.Candidate.Coupon)],
            [.. ranked.Skip(CandidatesMax)]);
    }

    private static Outcome Best(IReadOnlyList<Usable> coupons, Basket basket)
    {
        var best = new Outcome(0, 0, []);
        for (var chosen = 1U; chosen < 1U << coupons.Count; chosen++)
        {
            var combination = Chosen(coupons, chosen);
            if (GoTogether(combination) && Take(combination, basket) is { } outcome && IsBetter(outcome, best, coupons))
                best = outcome;
        }

        return best;
    }

    private static List<Usable> Chosen(IReadOnlyList<Usable> coupons, uint chosen)
    {
        var combination = new List<Usable>(BitOperations.PopCount(chosen));
        for (var rest = chosen; rest != 0; rest &= rest - 1)
            combination.Add(coupons[BitOperations.TrailingZeroCount(rest)]);
        return combination;
    }

    private static bool GoTogether(List<Usable> coupons)
    {
        for (var i = 0; i < coupons.Count; i++)
        {
            if (coupons[i].Stacking.Exclusive && coupons.Count > 1)
                return false;
            var ofCampaign = 0;
            for (var other = 0; other < coupons.Count; other++)
            {
                if (other < i && coupons[i].Stacking.Group is { } group && coupons[other].Stacking.Group == group)
                    return false;
                ofCampaign += coupons[other].Candidate.Campaign.Id == coupons[i].Candidate.Campaign.Id ? 1 : 0;
            }

            if (ofCampaign > coupons[i].Candidate.UsesLeft)
                return false;
        }

        return true;
    }

    /// <summary>Null where a coupon that is meant to take something off takes off nothing.</summary>
    private static Outcome? Take(List<Usable> coupons, Basket basket)
    {
        var left = Amounts(basket);
        var (discount, benefits) = (0L, 0);
        var taken = new List<(Usable, long[]?)>(coupons.Count);
        foreach (var coupon in coupons)
        {
            var byLine = Discounts.Of(coupon.Benefit, coupon.Lines, basket.Lines, left);
            taken.Add((coupon, byLine));
            if (byLine is null)
            {
                benefits++;
                continue;
            }

            var sum = byLine.Sum();
            if (sum == 0)
                return null;
            discount += sum;
            for (var line = 0; line < left.Length; line++)
                left[line] -= byLine[line];
        }

        return new(discount, benefits, taken);
    }

    private static bool IsBetter(Outcome one, Outcome other, IReadOnlyList<Usable> order)
    {
        if (one.Discount != other.Discount)
            return one.Discount > other.Discount;
        if (one.Benefits != other.Benefits)
            return one.Benefits > other.Benefits;
        if (one.Taken.Count != other.Taken.Count)
            return one.Taken.Count < other.Taken.Count;
        var place = order.Index().ToDictionary(it => it.Item, it => it.Index);
        return one.Taken.Zip(other.Taken).Select(pair => place[pair.First.Coupon].CompareTo(place[pair.Second.Coupon])).FirstOrDefault(it => it != 0) < 0;
    }

    private static BasketAnswer Answer(Basket basket, Outcome best, IReadOnlyList<LeftOut> leftOut)
    {
        var amount = basket.Lines.Sum(line => line.AmountMinor);
        var lines = Enumerable.Range(0, basket.Lines.Count).Select(line =>
        {
            var shares = best.Taken.Where(it => it.ByLine?[line] > 0).Select(it => new CouponShare(it.Coupon.Candidate.Coupon, it.ByLine![line])).ToList();
            return new LineDiscount(line, shares.Sum(share => share.DiscountMinor), shares);
        });
        return new(
            basket.Currency, amount, best.Discount, amount - best.Discount, [.. lines],
            [.. best.Taken.Select(it => new AppliedCoupon(
                it.Coupon.Candidate.Coupon, it.Coupon.Candidate.Shown, it.Coupon.Candidate.Campaign.Id, it.Coupon.Benefit, it.ByLine?.Sum() ?? 0))],
            best.Taken.Where(it => it.Coupon.Benefit.Kind == BenefitKind.PointsMultiplier).Select(it => it.Coupon.Benefit.BasisPoints)
                .DefaultIfEmpty(UsualPoints).Max(),
            [.. best.Taken.Where(it => it.Coupon.Benefit.Kind == BenefitKind.Perk).Select(it => it.Coupon.Benefit.Name!).Distinct()],
            leftOut);
    }

    private static long[] Amounts(Basket basket) => [.. basket.Lines.Select(line => line.AmountMinor)];

    private static LeftOut Left(Candidate candidate, WhyNot why) => new(candidate.Coupon, candidate.Shown, candidate.Campaign.Id, why);
}
