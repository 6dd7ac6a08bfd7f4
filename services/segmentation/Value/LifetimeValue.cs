namespace Patron.Segmentation.Value;

/// <summary>What is expected of each customer, at the index that they were asked for at.</summary>
/// <param name="Alive">The chance that they are still a customer, 0 to 1.</param>
/// <param name="Purchases">Days with a purchase within the horizon.</param>
/// <param name="Average">Of a purchase, in the unit of the averages that were asked with.</param>
/// <param name="Worth">Of the purchases within the horizon, discounted.</param>
internal sealed record ExpectedValues(double[] Alive, double[] Purchases, double[] Average, double[] Worth);

/// <summary>How far to look ahead, and what money that comes later is worth today.</summary>
/// <param name="Months">Twelfths of a year of 365.25 days; 1 to <see cref="MonthsMax"/>.</param>
/// <param name="AnnualRate">0.1 makes what comes after a year worth 1/1.1; 0 or more.</param>
internal sealed record Horizon(int Months = 12, double AnnualRate = 0.1)
{
    public const int MonthsMax = 120;
    private const double WeeksPerMonth = 365.25 / 12 / RepeatPurchases.DaysPerWeek;

    /// <summary>Purchases of one who is there, and the same discounted month by month, each at its end.</summary>
    public (double Purchases, double Discounted) IfAlive(BgNbd model, int repeats, double ageWeeks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Months, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Months, MonthsMax);
        ArgumentOutOfRangeException.ThrowIfNegative(AnnualRate);
        double before = 0, discounted = 0;
        for (var month = 1; month <= Months; month++)
        {
            var until = model.ExpectedIfAlive(repeats, ageWeeks, month * WeeksPerMonth);
            discounted += (until - before) * Math.Pow(1 + AnnualRate, -month / 12.0);
            before = until;
        }

        return (before, discounted);
    }
}

/// <summary>Both models together: customer lifetime value over a horizon, as in Fader, Hardie and Lee, "RFM and CLV" (2005).</summary>
internal static class LifetimeValue
{
    /// <param name="customers">n of them.</param>
    /// <param name="spend">Of the same n; 0 purchases where the value is not known.</param>
    public static ExpectedValues Of(BgNbd purchases, GammaGamma value, RepeatPurchases customers, AverageSpend spend, Horizon horizon)
    {
        if (spend.Count != customers.Count)
            throw new ArgumentException("The spend must be of the same customers.", nameof(spend));
        var groups = customers.Groups(out var groupOf);
        var of = new (double Alive, double Purchases, double Discounted)[groups.Length];
        var ofThisAge = new Dictionary<int, (double Purchases, double Discounted)>();
        var age = -1;
        for (var i = 0; i < groups.Length; i++)
        {
            // Groups come by age: what depends on age and repeats alone is kept for as long as it is used.
            var group = groups[i];
            if (group.AgeDays != age)
                ofThisAge.Clear();
            age = group.AgeDays;
            var weeks = age / RepeatPurchases.DaysPerWeek;
            if (!ofThisAge.TryGetValue(group.Repeats, out var there))
                ofThisAge.Add(group.Repeats, there = horizon.IfAlive(purchases, group.Repeats, weeks));
            var alive = purchases.Alive(group.Repeats, group.RecencyDays / RepeatPurchases.DaysPerWeek, weeks);
            of[i] = (alive, alive * there.Purchases, alive * there.Discounted);
        }

        var answer = new ExpectedValues(
            new double[customers.Count], new double[customers.Count], new double[customers.Count], new double[customers.Count]);
        for (var i = 0; i < customers.Count; i++)
        {
            var group = of[groupOf[i]];
            answer.Alive[i] = group.Alive;
            answer.Purchases[i] = group.Purchases;
            answer.Average[i] = value.Expected(spend.Purchases[i], spend.Average[i]);
            answer.Worth[i] = group.Discounted * answer.Average[i];
        }

        return answer;
    }
}
