namespace Patron.Segmentation.Value;

/// <summary>
/// Repeat purchases that a customer who has not left is expected to make: with rates from Gamma(shape, rate) and a chance to leave after
/// each purchase from Beta(a, b), the mean of (1 - e^(-λpt)) / p. In the terms of Fader, Hardie and Lee (2005), equations 9 and 10, for
/// shape = r + x, rate = α + T and Beta(a, b + x): (a+b+x-1)/(a-1) [1 - (rate/(rate+t))^shape 2F1(shape, b+x; a+b+x-1; t/(rate+t))].
/// <para>
/// That form is 0/0 at a = 1 and loses digits beside it. With Euler's transformation, ε = a-1, c = a+b+x-1, z = t/(rate+t) and
/// L = ln(1-z), it is c [(1 - e^(εL))/ε - e^(εL) S], S = Σ_{n≥1} (c - shape)_n (1+ε)_{n-1} z^n / ((c)_n n!), which holds at a = 1 too. Far from
    /// there the form as it stands is the better one.
/// </para>
/// </summary>
internal static class FuturePurchases
{
    // Beyond, the terms of S alternate and cancel one another.
    private const double AlternationMax = 20;
    private const int TermsMax = 100_000;
    private const double Precision = 1e-15;

    /// <param name="b">Of this customer: b + x.</param>
    /// <param name="weeks">0 or more.</param>
    /// <returns>0 or more, finite.</returns>
    public static double Expected(double shape, double rate, double a, double b, double weeks)
    {
        if (weeks <= 0)
            return 0;
        var c = a + b - 1;
        var sum = c <= 0 ? null
            : a > 2 ? ByGauss(shape, rate, a, b, weeks)
            : c - shape >= -AlternationMax ? ByEuler(shape, rate, a, c, weeks)
            : null;
        return Math.Max(0, sum ?? ByQuadrature(shape, rate, a, b, weeks));
    }

    /// <summary>The transformed series. Null where it converges too slowly.</summary>
    private static double? ByEuler(double shape, double rate, double a, double c, double weeks)
    {
        var z = weeks / (rate + weeks);
        var log = -NearZero.LogOfOnePlus(weeks / rate);
        var excess = a - 1;
        var term = (c - shape) / c * z;
        var series = term;
        for (var n = 1; Math.Abs(term) > Precision * Math.Abs(series); n++)
        {
            if (n == TermsMax)
                return null;
            term *= (c - shape + n) / (c + n) * ((excess + n) / (n + 1)) * z;
            series += term;
        }

        var decay = excess == 0 ? -log : -NearZero.ExpMinusOne(excess * log) / excess;
        return c * (decay - (Math.Exp(excess * log) * series));
    }

    /// <summary>
    /// The papers' form as it stands, whose terms are all positive; the sum is kept small by its logarithm. Null where it converges too slowly.
    /// </summary>
    private static double? ByGauss(double shape, double rate, double a, double b, double weeks)
    {
        const double Large = 1e250;
        var c = a + b - 1;
        var z = weeks / (rate + weeks);
        var (term, series, scale) = (1.0, 1.0, -shape * NearZero.LogOfOnePlus(weeks / rate));
        for (var n = 0; term > Precision * series; n++)
        {
            if (n == TermsMax)
                return null;
            term *= (shape + n) / (c + n) * ((b + n) / (n + 1)) * z;
            series += term;
            if (series > Large)
                (term, series, scale) = (term / Large, series / Large, scale + Math.Log(Large));
        }

        return -NearZero.ExpMinusOne(scale + Math.Log(series)) * c / (a - 1);
    }

    /// <summary>
    /// The mean over p of (1 - (1 + p t/rate)^-shape) / p by the double exponential rule of Takahasi and Mori (1974), in s = p^a where a is
    /// below 1, which takes the singularity at 0 away. The weights are normed by their own sum, so no Beta function is needed.
    /// </summary>
    internal static double ByQuadrature(double shape, double rate, double a, double b, double weeks)
    {
        const double Width = 1.0 / 48;
        const double Reach = 6.5;
        var u = weeks / rate;
        var power = Math.Min(1, a);
        double sum = 0, norm = 0;
        for (var node = -Reach; node <= Reach; node += Width)
        {
            // s = 1 / (1 + e^-v) and its complement, each to full relative precision.
            var v = Math.PI * Math.Sinh(node);
            var logS = -NearZero.LogOfOnePlus(Math.Exp(-v));
            var logLeft = -NearZero.LogOfOnePlus(Math.Exp(v));
            var logP = logS / power;
            var logRest = Math.Log(-NearZero.ExpMinusOne(logP));
            var weight = Math.Exp(logS + logLeft + (((a / power) - 1) * logS) + ((b - 1) * logRest)) * Math.Cosh(node);
            if (!(weight > 0) || double.IsInfinity(weight))
                continue;
            sum += weight * Bought(Math.Exp(logP));
            norm += weight;
        }

        // Chances so much alike that they fall between the nodes are as good as one.
        return norm > 0 ? sum / norm : Bought(a / (a + b));

        double Bought(double p) => p * u < 1e-300 ? shape * u : -NearZero.ExpMinusOne(-shape * NearZero.LogOfOnePlus(p * u)) / p;
    }
}
