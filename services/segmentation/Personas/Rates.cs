using MathNet.Numerics.Distributions;

namespace Patron.Segmentation.Personas;

/// <summary>An estimate with the bounds of its confidence interval.</summary>
internal sealed record Estimate(double Value, double Low, double High);

/// <summary>How many of some customers did something.</summary>
internal readonly record struct Count(long Hits, long Of)
{
    public double Rate => Of == 0 ? 0 : (double)Hits / Of;

    /// <summary>
    /// The score interval of a rate: Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
    /// Statistical Association 22 (1927); of nobody it is 0 to 1.
    /// </summary>
    /// <param name="confidence">Above 0, below 1.</param>
    public Estimate Wilson(double confidence)
    {
        if (Of == 0)
            return new(0, 0, 1);
        var z = Rates.TwoSided(confidence);
        var (n, square) = ((double)Of, z * z);
        var middle = (Rate + (square / (2 * n))) / (1 + (square / n));
        var half = z / (1 + (square / n)) * Math.Sqrt((Rate * (1 - Rate) / n) + (square / (4 * n * n)));

        // At the ends one bound is the rate itself, but for rounding.
        return new(Rate, Hits == 0 ? 0 : middle - half, Hits == Of ? 1 : middle + half);
    }

    /// <summary>
    /// How far the rate lies above a bound, in standard errors of a rate that is at the bound: the score test, whose inversion
    /// <see cref="Wilson"/> is.
    /// </summary>
    /// <param name="bound">Above 0, below 1.</param>
    public double ScoreAbove(double bound) => Of == 0 ? 0 : (Rate - bound) / Math.Sqrt(bound * (1 - bound) / Of);
}

internal static class Rates
{
    public static double TwoSided(double confidence) => Normal.InvCDF(0, 1, (1 + confidence) / 2);

    /// <summary>
    /// How many times higher one rate is than another, with the interval of its logarithm: Katz, Baptista, Azen and Pike, "Obtaining confidence
    /// intervals for the risk ratio in cohort studies", Biometrics 34 (1978), with half a customer more in each number as Walter has it, "The
    /// distribution of Levin's measure of attributable risk", Biometrika 62 (1975), so that none is 0. Null where one group is empty.
    /// </summary>
    public static Estimate? Lift(Count one, Count other, double confidence)
    {
        if (one.Of == 0 || other.Of == 0)
            return null;
        var (log, error) = LogLift(one, other);
        var reach = TwoSided(confidence) * error;
        return new(Math.Exp(log), Math.Exp(log - reach), Math.Exp(log + reach));
    }

    /// <summary>How far the logarithm of the lift lies above that of a bound, in its standard errors.</summary>
    /// <param name="bound">Above 0.</param>
    public static double LiftAbove(Count one, Count other, double bound)
    {
        if (one.Of == 0 || other.Of == 0)
            return 0;
        var (log, error) = LogLift(one, other);
        var above = log - Math.Log(bound);
        return above == 0 ? 0 : above / error;
    }

    /// <summary>The chance of so many standard errors or more, if the truth lay at the bound; 0 to 1.</summary>
    public static double Chance(double score) => Normal.CDF(0, 1, -score);

    /// <summary>
    /// Chances corrected for their number, in their order: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal
    /// of Statistics 6 (1979). Those at most α are together wrong with a chance of at most α, whatever they have to do with one another.
    /// </summary>
    public static double[] Holm(IReadOnlyList<double> chances)
    {
        var corrected = new double[chances.Count];
        var most = 0.0;
        foreach (var (rank, place) in Enumerable.Range(0, chances.Count).OrderBy(place => chances[place]).Index())
            corrected[place] = most = Math.Max(most, Math.Min(1, chances[place] * (chances.Count - rank)));
        return corrected;
    }

    private static (double Log, double Error) LogLift(Count one, Count other)
    {
        var (a, n, c, m) = (one.Hits + 0.5, one.Of + 0.5, other.Hits + 0.5, other.Of + 0.5);
        return (Math.Log(a / n / (c / m)), Math.Sqrt((1 / a) - (1 / n) + (1 / c) - (1 / m)));
    }
}
