using System.Numerics;
using Patron.Loyalty;

namespace Patron.Services.Tests.Loyalty;

/// <summary>
/// What a purchase earns, written a second time by brute force: every rule is looked at from scratch, every point is dealt out by itself, and
/// what counts against a cap is counted out of everything that was booked. Times are those of a zone without summer time.
/// </summary>
internal sealed class ReferenceEarning(Programme programme, int zoneHours)
{
    private readonly List<(string Rule, DateTime Day, long Points)> booked = [];

    public (long Points, long[] Lines, List<(string Rule, long Points)> Given, long Cut) Buy(Purchase purchase, string tier)
    {
        var lines = new long[purchase.Sales.Count];
        var given = new List<(string, long)>();
        var rates = programme.EarnRates.Where(rate => rate.Currency == purchase.Currency).ToList();
        var good = purchase.Sales.Select((line, i) => i).Where(i => !IsAmong(programme.Exclusions, purchase.Sales[i])).ToList();
        if (rates.Count == 0 || good.Sum(i => purchase.Sales[i].AmountMinor) < rates[0].MinimumMinor)
            return (0, lines, given, 0);

        var local = purchase.OccurredAt.UtcDateTime.AddHours(zoneHours);
        var percent = programme.Tiers.FirstOrDefault(known => known.Name == tier, programme.Tiers[0]).MultiplierPercent;
        var applying = programme.Rules.Where(rule => Applies(rule, purchase, tier, local, good)).ToList();
        var multipliers = applying.Where(rule => rule.MultiplierPercent > 0).ToList();

        var prefix = new List<BigInteger>();
        for (var i = 0; i < lines.Length; i++)
            prefix.Add((prefix.Count == 0 ? 0 : prefix[^1]) + Value(i, []));
        for (var i = 0; i < lines.Length; i++)
            lines[i] = Round(prefix[i], rates[0]) - (i == 0 ? 0 : Round(prefix[i - 1], rates[0]));

        for (var k = 0; k < multipliers.Count; k++)
        {
            var (before, after) = (multipliers[..k], multipliers[..(k + 1)]);
            var gift = Round(Total(after), rates[0]) - Round(Total(before), rates[0]);
            Deal(multipliers[k], gift, [.. lines.Select((_, i) => Value(i, after) - Value(i, before))]);
        }

        foreach (var rule in applying.Where(rule => rule.MultiplierPercent == 0))
        {
            var pieces = lines.Select((_, i) => Counts(rule, i) ? (BigInteger)purchase.Sales[i].Quantity : 0).ToArray();
            var worth = lines.Select((_, i) => Counts(rule, i) ? (BigInteger)purchase.Sales[i].AmountMinor : 0).ToArray();
            if (rule.BonusPoints > 0 && worth.All(amount => amount == 0))
                worth[Enumerable.Range(0, lines.Length).First(i => Counts(rule, i))] = 1;
            Deal(rule, rule.BonusPoints > 0 ? rule.BonusPoints : rule.BonusPointsPerPiece * (long)pieces.Aggregate((a, b) => a + b),
                rule.BonusPoints > 0 ? worth : pieces);
        }

        var room = Room("", programme.Caps, local);
        long cut = 0;
        while (lines.Sum() > room)
        {
            lines[Array.FindLastIndex(lines, points => points > 0)]--;
            cut++;
        }

        booked.Add(("", local.Date, lines.Sum()));
        return (lines.Sum(), lines, given, cut);

        bool Counts(EarnRule rule, int i) => good.Contains(i) && IsMeant(rule, purchase.Sales[i]);

        BigInteger Total(List<EarnRule> rules) => lines.Select((_, i) => Value(i, rules)).Aggregate((a, b) => a + b);

        // A line's worth in millionths of minor units: the tier's percent times hundredths of the percent of its rules.
        BigInteger Value(int i, List<EarnRule> rules)
        {
            if (!good.Contains(i))
                return 0;
            var percents = rules.Where(rule => Counts(rule, i)).Select(rule => rule.MultiplierPercent).ToList();
            var together = programme.Stacking switch
            {
                Stacking.Best => percents.Append(100).Max() * 100L,
                Stacking.Add => 10_000 + percents.Sum(extra => (extra - 100) * 100L),
                _ => percents.Aggregate(10_000L, (product, next) => product * next / 100),
            };
            return new BigInteger(purchase.Sales[i].AmountMinor) * percent * Math.Min(together, 1_000_000);
        }

        void Deal(EarnRule rule, long points, BigInteger[] shares)
        {
            points = Math.Min(points, Room(rule.Id, rule.Caps, local));
            if (points <= 0)
                return;
            given.Add((rule.Id, points));
            booked.Add((rule.Id, local.Date, points));
            var whole = shares.Aggregate((a, b) => a + b);
            var (line, reached) = (0, shares[0]);
            for (long point = 1; point <= points; point++)
            {
                while (point * whole > points * reached)
                    reached += shares[++line];
                lines[line]++;
            }
        }
    }

    private long Room(string rule, PointCaps caps, DateTime local)
    {
        var day = booked.Where(entry => entry.Rule == rule && entry.Day == local.Date).Sum(entry => entry.Points);
        var month = booked.Where(entry => entry.Rule == rule && (entry.Day.Year, entry.Day.Month) == (local.Year, local.Month)).Sum(entry => entry.Points);
        long[] rooms = [caps.PerPurchase ?? long.MaxValue, caps.PerDay - day ?? long.MaxValue, caps.PerMonth - month ?? long.MaxValue, long.MaxValue];
        return Math.Max(0, rooms.Min());
    }

    private long Round(BigInteger value, EarnRate rate)
    {
        var point = new BigInteger(1_000_000) * rate.MinorPerPoint;
        var whole = (long)(value / point);
        var rest = value % point;
        return programme.Rounding switch
        {
            Rounding.Down => whole,
            Rounding.Nearest => rest * 2 >= point ? whole + 1 : whole,
            _ => rest > 0 ? whole + 1 : whole,
        };
    }

    private static bool Applies(EarnRule rule, Purchase purchase, string tier, DateTime local, List<int> good)
    {
        var when = rule.When;
        var meant = good.Where(i => IsMeant(rule, purchase.Sales[i])).ToList();
        var minute = (local.Hour * 60) + local.Minute;
        var hours = when.Hours is not { } open || Minutes(open).Contains(minute);
        return meant.Count > 0 && hours
            && (when.MinimumSpendMinor == 0 || meant.Sum(i => purchase.Sales[i].AmountMinor) >= when.MinimumSpendMinor)
            && (when.Channels.Count == 0 || when.Channels.Any(channel => channel == purchase.Channel))
            && (when.Stores.Count == 0 || when.Stores.Any(store => store == purchase.Store))
            && (when.Tiers.Count == 0 || when.Tiers.Any(known => known == tier))
            && (when.Weekdays.Count == 0 || when.Weekdays.Any(day => day == local.DayOfWeek))
            && (when.From is null || local.Date >= when.From.Value.ToDateTime(default))
            && (when.Until is null || local.Date <= when.Until.Value.ToDateTime(default))
            && (when.Currency is null || when.Currency == purchase.Currency);
    }

    private static HashSet<int> Minutes(HoursOfDay open)
    {
        var minutes = new HashSet<int>();
        for (var at = open.From; at != open.To; at = at.AddMinutes(1))
            minutes.Add((at.Hour * 60) + at.Minute);
        return minutes;
    }

    private static bool IsMeant(EarnRule rule, PurchaseLine line)
    {
        var goods = rule.When.Goods;
        var named = goods.Products.Count == 0 && goods.Categories.Count == 0 && goods.Brands.Count == 0;
        return (named || IsAmong(goods, line)) && !IsAmong(rule.When.Except, line);
    }

    private static bool IsAmong(GoodsFilter goods, PurchaseLine line)
    {
        var steps = (line.Category ?? "").Split('/');
        var above = Enumerable.Range(1, steps.Length).Select(count => string.Join('/', steps.Take(count))).Where(path => path.Length > 0).ToList();
        return goods.Products.Any(product => product == line.Product) || goods.Brands.Any(brand => brand == line.Brand)
            || goods.Categories.Any(category => above.Any(path => path == category));
    }
}
