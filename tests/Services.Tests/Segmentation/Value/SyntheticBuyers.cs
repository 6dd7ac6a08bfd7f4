using MathNet.Numerics.Distributions;
using Patron.Segmentation.Value;

namespace Patron.Services.Tests.Segmentation.Value;

/// <summary>Customers who behave as the models say: each draws a rate and a chance to leave, then buys by the day.</summary>
internal sealed class SyntheticBuyers(int seed)
{
    private readonly Random random = new(seed);

    /// <summary>Ages are spread evenly over the days from <paramref name="ageMin"/> to <paramref name="ageMax"/>.</summary>
    /// <remarks>Several purchases of a day count once, as everywhere; with rates of one in some months this hardly shows.</remarks>
    public RepeatPurchases Customers(BgNbd truth, int count, int ageMin, int ageMax)
    {
        var (repeats, recency, ages) = (new int[count], new int[count], new int[count]);
        for (var i = 0; i < count; i++)
        {
            ages[i] = random.Next(ageMin, ageMax + 1);
            foreach (var day in Days(truth, ages[i]))
                (repeats[i], recency[i]) = (repeats[i] + 1, day);
        }

        return new RepeatPurchases(repeats, recency, ages);
    }

    /// <summary>The days after the first purchase, up to <paramref name="age"/>, on which one customer buys again; ascending.</summary>
    public IEnumerable<int> Days(BgNbd truth, int age)
    {
        var last = 0;
        foreach (var time in Times(Gamma.Sample(random, truth.R, truth.Alpha), Beta.Sample(random, truth.A, truth.B), age / 7.0))
        {
            var day = Math.Min(age, (int)Math.Ceiling(time * 7));
            if (day == last)
                continue;
            yield return last = day;
        }
    }

    /// <summary>Averages of one to <paramref name="purchasesMax"/> purchases.</summary>
    public AverageSpend Spend(GammaGamma truth, int count, int purchasesMax)
    {
        var (purchases, average) = (new int[count], new double[count]);
        for (var i = 0; i < count; i++)
        {
            purchases[i] = random.Next(1, purchasesMax + 1);
            average[i] = Gamma.Sample(random, truth.P * purchases[i], Gamma.Sample(random, truth.Q, truth.Gamma) * purchases[i]);
        }

        return new AverageSpend(purchases, average);
    }

    /// <summary>
    /// What one customer with this past buys in the next <paramref name="weeks"/>, on average of <paramref name="lives"/>: each draws rate and
    /// chance from what is believed before, weighted by how likely that makes the past.
    /// </summary>
    /// <returns>The mean, and its standard error.</returns>
    public (double Mean, double Error) Future(BgNbd truth, int repeats, double recency, double age, double weeks, int lives)
    {
        double norm = 0, sum = 0, squares = 0;
        for (var life = 0; life < lives; life++)
        {
            // Rates that fit the past are drawn straight from Gamma(r + x, alpha + t_x), so that few lives weigh nothing.
            var rate = Gamma.Sample(random, truth.R + repeats, truth.Alpha + recency);
            var leaves = Beta.Sample(random, truth.A, truth.B + repeats);

            // Left right after the last purchase (p / (1 - p) of what staying then has), or stayed and bought nothing since.
            var stayed = Math.Exp(-rate * (age - recency));
            var left = repeats > 0 ? leaves / (1 - leaves) : 0;
            var weight = stayed + left;
            var there = random.NextDouble() * weight < stayed;
            var bought = there ? Times(rate, leaves, weeks).Count() : 0;
            norm += weight;
            sum += weight * bought;
            squares += weight * weight * bought * bought;
        }

        return (sum / norm, Math.Sqrt(squares) / norm);
    }

    private IEnumerable<double> Times(double rate, double leaves, double until)
    {
        for (var time = Exponential.Sample(random, rate); time <= until; time += Exponential.Sample(random, rate))
        {
            yield return time;
            if (random.NextDouble() < leaves)
                yield break;
        }
    }
}
