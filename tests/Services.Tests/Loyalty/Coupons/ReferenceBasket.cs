using Patron.Loyalty;

namespace Patron.Services.Tests.Loyalty.Coupons;

/// <summary>
/// The rules of baskets once more, as slowly and as plainly as possible: exact fractions, every subset, every piece by itself. Written from the
/// sentences of the documentation, not from the code.
/// </summary>
internal static class ReferenceBasket
{
    public static (long Discount, IReadOnlyList<Guid> Applied, IReadOnlyList<long> ByLine) Best(Basket basket, IReadOnlyList<Candidate> usable)
    {
        var order = usable.OrderBy(it => it.Campaign.Stacking!.Priority).ThenBy(it => it.Coupon).ToList();
        var all = new List<(long Discount, int Other, int[] Places, long[] ByLine)>();
        Extend([], 0);
        var best = all.OrderByDescending(it => it.Discount).ThenByDescending(it => it.Other).ThenBy(it => it.Places.Length)
            .ThenBy(it => string.Concat(it.Places.Select(place => (char)('a' + place))), StringComparer.Ordinal).First();
        return (best.Discount, [.. best.Places.Select(place => order[place].Coupon)], best.ByLine);

        void Extend(List<int> places, int from)
        {
            if (Allowed(places) && Apply(places) is { } outcome)
                all.Add(outcome);
            for (var next = from; next < order.Count; next++)
                Extend([.. places, next], next + 1);
        }

        bool Allowed(List<int> places)
        {
            var chosen = places.ConvertAll(place => order[place]);
            return (chosen.Count == 1 || chosen.TrueForAll(it => !it.Campaign.Stacking!.Exclusive))
                && chosen.Where(it => it.Campaign.Stacking!.Group is not null).GroupBy(it => it.Campaign.Stacking!.Group).All(it => it.Count() == 1)
                && chosen.TrueForAll(it => chosen.Count(other => other.Campaign.Id == it.Campaign.Id) <= it.UsesLeft);
        }

        (long, int, int[], long[])? Apply(List<int> places)
        {
            var left = basket.Lines.Select(line => line.AmountMinor).ToArray();
            var other = 0;
            foreach (var place in places)
            {
                var before = left.Sum();
                var off = Off(order[place].Campaign, basket, left);
                if (off is null)
                    other++;
                else
                    left = [.. left.Zip(off, (one, two) => one - two)];
                if (off is not null && left.Sum() == before)
                    return null;
            }

            var byLine = basket.Lines.Select((line, at) => line.AmountMinor - left[at]).ToArray();
            return (byLine.Sum(), other, [.. places], byLine);
        }
    }

    private static long[]? Off(Campaign campaign, Basket basket, long[] left)
    {
        var benefit = campaign.Benefit;
        var meant = basket.Lines.Index().Where(it => campaign.Goods!.Include(it.Item.Product, it.Item.Category, it.Item.Brand)).Select(it => it.Index).ToList();
        var total = meant.Sum(line => left[line]);
        var pieces = meant.SelectMany(line => Cut(left[line], basket.Lines[line].Quantity).Select(minor => (Line: line, Minor: minor)))
            .OrderByDescending(it => it.Minor).ThenBy(it => it.Line).ToList();
        switch (benefit.Kind)
        {
            case BenefitKind.Percentage:
                var share = HalfUp(total * (decimal)benefit.BasisPoints / 10_000m);
                return Share(benefit.MaxMinor == 0 ? share : Math.Min(share, benefit.MaxMinor));
            case BenefitKind.AmountOff:
                return Share(Math.Min(total, benefit.AmountMinor));
            case BenefitKind.FreeProduct:
                return Take(pieces.Where(it => basket.Lines[it.Line].Product == benefit.Product).Take(benefit.Pieces));
            case BenefitKind.BuyAndGet:
                var cheaper = new List<(int, long)>();
                for (var group = 0; (group + 1) * benefit.Pieces <= pieces.Count && (benefit.Times == 0 || group < benefit.Times); group++)
                {
                    for (var i = benefit.Pieces - benefit.Free; i < benefit.Pieces; i++)
                    {
                        var (line, minor) = pieces[(group * benefit.Pieces) + i];
                        cheaper.Add((line, HalfUp(minor * (decimal)benefit.BasisPoints / 10_000m)));
                    }
                }

                return Take(cheaper);
            default:
                return null;
        }

        long[] Take(IEnumerable<(int Line, long Minor)> taken)
        {
            var off = new long[left.Length];
            foreach (var (line, minor) in taken)
                off[line] += minor;
            return off;
        }

        // One minor unit after another, each to the line that is furthest below its exact share.
        long[] Share(long discount)
        {
            var off = new long[left.Length];
            if (total == 0)
                return off;
            foreach (var line in meant)
                off[line] = (long)decimal.Floor((decimal)discount * left[line] / total);
            for (var rest = discount - off.Sum(); rest > 0; rest--)
            {
                var line = meant.MaxBy(it => (((decimal)discount * left[it]) - ((decimal)off[it] * total), -it));
                off[line]++;
            }

            return off;
        }
    }

    private static IEnumerable<long> Cut(long minor, int pieces)
    {
        var gone = 0L;
        for (var i = 1; i <= pieces; i++)
        {
            var until = (long)decimal.Floor((decimal)minor * i / pieces);
            yield return until - gone;
            gone = until;
        }
    }

    private static long HalfUp(decimal minor) => (long)decimal.Floor(minor + 0.5m);
}
