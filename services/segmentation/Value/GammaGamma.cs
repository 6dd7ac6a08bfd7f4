using MathNet.Numerics;

namespace Patron.Segmentation.Value;

/// <summary>What customers spend a purchase, a customer's values at the same index of each array.</summary>
/// <param name="Purchases">Over how many purchases the average is; 1 or more.</param>
/// <param name="Average">Of the customer's purchases, in any unit.</param>
internal sealed record AverageSpend(int[] Purchases, double[] Average)
{
    public int Count => Purchases.Length;
}

/// <summary>
/// The Gamma-Gamma model of what a purchase is worth: a customer's purchases vary around a mean of their own by Gamma(p, ν), and means vary
/// among customers by ν from Gamma(q, gamma); how often people buy says nothing of how much. Fader and Hardie, "The Gamma-Gamma Model of
/// Monetary Value", note 025 (2013).
/// </summary>
/// <param name="P">Shape of one customer's purchases.</param>
/// <param name="Q">Shape of the spread among customers; above 1, or the mean would be infinite.</param>
/// <param name="Gamma">Scale of the spread, in the unit of the averages.</param>
/// <param name="Correlation">Of number and value of purchases, -1 to 1: the model takes it to be 0.</param>
/// <param name="StandardErrors">Of the logarithms of p, q and gamma.</param>
internal sealed record GammaGamma(
    double P, double Q, double Gamma, double LogLikelihood = 0, double Correlation = 0, IReadOnlyList<double>? StandardErrors = null)
{
    private const double LogMax = 15;

    /// <summary>The most likely parameters for these customers.</summary>
    public static Fit<GammaGamma> Fit(AverageSpend customers)
    {
        if (customers.Count == 0)
            return new NoCustomers();
        if (customers.Average.Count(average => !(average > 0 && double.IsFinite(average))) is > 0 and var wrong)
            return new NotPositive(wrong);
        if (customers.Average.Max() <= customers.Average.Min() * (1 + 1e-9))
            return new ValuesAllEqual(customers.Count);

        // In units of the mean, so that currencies need no bounds of their own.
        var unit = customers.Average.Average();
        var likelihood = new GammaGammaLikelihood(customers, unit);
        var found = DampedNewton.Minimise(likelihood.MeanNegative, [Math.Log(4), Math.Log(3), Math.Log(0.5)], LogMax);
        if (!found.Converged || BgNbd.StandardErrorsOf(found, customers.Count) is not { } errors)
            return new NoMaximum("value", customers.Count);
        var (p, q, gamma) = (Math.Exp(found.At[0]), Math.Exp(found.At[1]), unit * Math.Exp(found.At[2]));
        if (q <= 1)
            return new NoMeanValue(q);
        return new GammaGamma(
            p, q, gamma, (-found.Value - Math.Log(unit)) * customers.Count, CorrelationOf(customers), errors);
    }

    /// <summary>
    /// What a purchase of a customer is expected to be worth: between their own average and everybody's, the nearer to their own the more
    /// they bought: the note's conditional mean.
    /// </summary>
    /// <param name="purchases">0 for a customer of whom no value is known, which answers <see cref="Mean"/>.</param>
    public double Expected(int purchases, double average) => P * (Gamma + (purchases * average)) / ((P * purchases) + Q - 1);

    /// <summary>What a purchase of anybody is expected to be worth.</summary>
    public double Mean => P * Gamma / (Q - 1);

    private static double CorrelationOf(AverageSpend customers)
    {
        var counts = Array.ConvertAll(customers.Purchases, count => (double)count);
        var correlation = MathNet.Numerics.Statistics.Correlation.Pearson(counts, customers.Average);
        return double.IsNaN(correlation) ? 0 : correlation;
    }
}

/// <summary>
/// The mean negative log-likelihood in the logarithms of p, q and gamma, with its gradient. Equation 1a of the note: the density of the
/// average z of x purchases is Γ(px+q) / (Γ(px) Γ(q)) γ^q z^(px-1) x^(px) / (γ + x z)^(px+q).
/// </summary>
internal sealed class GammaGammaLikelihood
{
    private readonly int[] purchases;
    private readonly double[] total;
    private readonly double[] logAverage;
    private readonly double[] logTotal;
    private readonly int[] distinct;
    private readonly double[] constant;
    private readonly double[] slopeP;
    private readonly double[] slopeQ;

    /// <param name="unit">What averages are measured in.</param>
    public GammaGammaLikelihood(AverageSpend customers, double unit)
    {
        purchases = customers.Purchases;
        total = new double[purchases.Length];
        logAverage = new double[purchases.Length];
        logTotal = new double[purchases.Length];
        for (var i = 0; i < purchases.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(purchases[i], 1, nameof(customers));
            var average = customers.Average[i] / unit;
            total[i] = average * purchases[i];
            logAverage[i] = Math.Log(average);
            logTotal[i] = Math.Log(total[i]);
        }

        distinct = [.. purchases.Distinct()];
        var places = distinct.Max() + 1;
        (constant, slopeP, slopeQ) = (new double[places], new double[places], new double[places]);
    }

    /// <summary>An <see cref="Objective"/>. Not thread safe: the tables are the instance's.</summary>
    public double MeanNegative(ReadOnlySpan<double> logs, Span<double> gradient)
    {
        var (p, q, gamma) = (Math.Exp(logs[0]), Math.Exp(logs[1]), Math.Exp(logs[2]));
        var ofQ = (Log: SpecialFunctions.GammaLn(q), Slope: SpecialFunctions.DiGamma(q));
        foreach (var x in distinct)
        {
            var both = SpecialFunctions.DiGamma((p * x) + q);
            constant[x] = SpecialFunctions.GammaLn((p * x) + q) - SpecialFunctions.GammaLn(p * x) - ofQ.Log;
            slopeP[x] = x * (both - SpecialFunctions.DiGamma(p * x));
            slopeQ[x] = both - ofQ.Slope;
        }

        double sum = 0, toP = 0, toQ = 0, toGamma = 0;
        for (var i = 0; i < purchases.Length; i++)
        {
            var x = purchases[i];
            var shape = p * x;
            var pool = gamma + total[i];
            var log = Math.Log(pool);
            sum += constant[x] + (q * (logs[2] - log)) + (shape * (logTotal[i] - log)) - logAverage[i];
            toP += slopeP[x] + (x * (logTotal[i] - log));
            toQ += slopeQ[x] + logs[2] - log;
            toGamma += (q / gamma) - ((shape + q) / pool);
        }

        var count = purchases.Length;
        (gradient[0], gradient[1], gradient[2]) = (-toP * p / count, -toQ * q / count, -toGamma * gamma / count);
        return -sum / count;
    }
}
