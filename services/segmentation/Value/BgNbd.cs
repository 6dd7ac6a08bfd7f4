using MathNet.Numerics.LinearAlgebra;

namespace Patron.Segmentation.Value;

/// <summary>
/// The BG/NBD model of repeat purchases: while they are a customer, people buy at random at a rate of their own, Gamma(r, alpha) per week
/// over all; after each purchase they leave with a chance of their own, Beta(a, b) over all. Fader, Hardie and Lee, "Counting Your Customers
/// the Easy Way: An Alternative to the Pareto/NBD Model", Marketing Science 24 (2005).
/// </summary>
/// <param name="R">Shape of the rates; above 0, as the others.</param>
/// <param name="Alpha">Inverse scale of the rates, in weeks: the mean rate is r / alpha purchases a week.</param>
/// <param name="A">With <paramref name="B"/>: of a / (a + b) customers the first purchase was the last.</param>
/// <param name="LogLikelihood">Of all customers; natural logarithm, 0 for parameters that were not fitted.</param>
/// <param name="StandardErrors">Of the logarithms of r, alpha, a, b, from the curvature at the maximum; empty where not fitted.</param>
internal sealed record BgNbd(
    double R, double Alpha, double A, double B, double LogLikelihood = 0, IReadOnlyList<double>? StandardErrors = null)
{
    // Beyond, the spread of rates or of chances is no longer to be told from none, or from all of it at one end.
    private const double LogMax = 15;
    private const double StandardErrorMax = 5;

    /// <summary>The most likely parameters for these customers.</summary>
    public static Fit<BgNbd> Fit(RepeatPurchases customers)
    {
        if (customers.Count == 0)
            return new NoCustomers();
        var groups = customers.Groups(out _);
        if (Array.TrueForAll(groups, group => group.AgeDays == 0))
            return new NoTimeObserved(customers.Count);
        if (Array.TrueForAll(groups, group => group.Repeats == 0))
            return new NoRepeatCustomers(customers.Count);

        // The observed mean rate, with as much spread as a mean; most fits are a few steps away.
        var weeks = groups.Sum(group => (double)group.AgeDays * group.Customers) / RepeatPurchases.DaysPerWeek;
        var rate = groups.Sum(group => (double)group.Repeats * group.Customers) / weeks;
        var found = DampedNewton.Minimise(
            new BgNbdLikelihood(groups).MeanNegative, [Math.Log(0.5), Math.Log(0.5 / rate), Math.Log(0.5), Math.Log(2)], LogMax);
        if (!found.Converged || StandardErrorsOf(found, customers.Count) is not { } errors)
            return new NoMaximum("purchase", customers.Count);
        return new BgNbd(
            Math.Exp(found.At[0]), Math.Exp(found.At[1]), Math.Exp(found.At[2]), Math.Exp(found.At[3]), -found.Value * customers.Count, errors);
    }

    /// <summary>
    /// The chance that the customer has not left; 1 without repeats, since in this model people leave after a repeat purchase only. The same
    /// authors' "Computing P(alive) Using the BG/NBD Model", note 021 (2008).
    /// </summary>
    /// <param name="recencyWeeks">t_x: from the first to the last purchase.</param>
    /// <param name="ageWeeks">T: from the first purchase until now.</param>
    public double Alive(int repeats, double recencyWeeks, double ageWeeks)
    {
        if (repeats == 0)
            return 1;
        var odds = A / (B + repeats - 1) * Math.Exp((R + repeats) * NearZero.LogOfOnePlus((ageWeeks - recencyWeeks) / (Alpha + recencyWeeks)));
        return 1 / (1 + odds);
    }

    /// <summary>Repeat purchases that the customer is expected to make in the next <paramref name="weeks"/>. Equation 10 of the paper.</summary>
    /// <inheritdoc cref="Alive"/>
    public double Expected(int repeats, double recencyWeeks, double ageWeeks, double weeks) =>
        ExpectedIfAlive(repeats, ageWeeks, weeks) * Alive(repeats, recencyWeeks, ageWeeks);

    /// <summary>Likewise, of one who is known to be there. It depends on two numbers only, so whole crowds share the expensive part.</summary>
    public double ExpectedIfAlive(int repeats, double ageWeeks, double weeks) =>
        FuturePurchases.Expected(R + repeats, Alpha + ageWeeks, A, B + repeats, weeks);

    /// <summary>Repeat purchases that a new customer is expected to make in their first <paramref name="weeks"/>. Equation 9 of the paper.</summary>
    public double ExpectedOfNew(double weeks) => FuturePurchases.Expected(R, Alpha, A, B, weeks);

    /// <summary>From the curvature of the mean likelihood; null where a parameter could as well be hundreds of times as large.</summary>
    internal static IReadOnlyList<double>? StandardErrorsOf(Minimum found, int customers)
    {
        var variances = found.Curvature.Inverse().Diagonal() / customers;
        return variances.ForAll(variance => variance > 0 && variance <= StandardErrorMax * StandardErrorMax)
            ? [.. variances.PointwiseSqrt()]
            : null;
    }
}
