namespace Patron.Segmentation.Value;

/// <summary>
/// The mean negative log-likelihood of the BG/NBD model, in the logarithms of r, alpha, a and b, with its gradient. Fader, Hardie and Lee,
/// "Counting Your Customers the Easy Way", Marketing Science 24 (2005), equation 6, as
/// L = A1 A2 (A3 + A4) with A1 = Γ(r+x) α^r / Γ(r), A2 = Γ(a+b) Γ(b+x) / (Γ(b) Γ(a+b+x)), A3 = (α+T)^-(r+x) and, for x above 0,
/// A4 = a/(b+x-1) (α+t_x)^-(r+x).
/// <para>
/// Gamma functions come as ratios at whole distances, so they are sums over 0 to x-1 of logarithms, and their derivatives of reciprocals:
/// tables by x, made anew for each set of parameters. Logarithms of times come from a table by day.
/// </para>
/// </summary>
internal sealed class BgNbdLikelihood
{
    private readonly RepeatPurchases.Group[] groups;
    private readonly double customers;
    private readonly double[] logOfDay;
    private readonly double[] inverseOfDay;
    private readonly double[] logByRepeats;
    private readonly double[] logOfLeaving;
    private readonly double[] slopeR;
    private readonly double[] slopeA;
    private readonly double[] slopeB;

    public BgNbdLikelihood(RepeatPurchases.Group[] groups)
    {
        this.groups = groups;
        var ageMax = 0;
        var repeatsMax = 0;
        foreach (var group in groups)
        {
            customers += group.Customers;
            ageMax = Math.Max(ageMax, group.AgeDays);
            repeatsMax = Math.Max(repeatsMax, group.Repeats);
        }

        (logOfDay, inverseOfDay) = (new double[ageMax + 1], new double[ageMax + 1]);
        (logByRepeats, logOfLeaving) = (new double[repeatsMax + 1], new double[repeatsMax + 1]);
        (slopeR, slopeA, slopeB) = (new double[repeatsMax + 1], new double[repeatsMax + 1], new double[repeatsMax + 1]);
    }

    /// <summary>An <see cref="Objective"/>. Not thread safe: the tables are the instance's.</summary>
    public double MeanNegative(ReadOnlySpan<double> logs, Span<double> gradient)
    {
        var (r, alpha, a, b) = (Math.Exp(logs[0]), Math.Exp(logs[1]), Math.Exp(logs[2]), Math.Exp(logs[3]));
        FillTables(r, alpha, a, b);
        double sum = 0, toR = 0, toAlpha = 0, toA = 0, toB = 0;
        foreach (var (x, recency, age, weight) in groups)
        {
            var logAge = logOfDay[age];
            if (x == 0)
            {
                sum += weight * r * (logs[1] - logAge);
                toR += weight * (logs[1] - logAge);
                toAlpha += weight * r * ((1 / alpha) - inverseOfDay[age]);
                continue;
            }

            // A3 and A4 by their share in the sum: neither over- nor underflows, however often somebody bought.
            var logRecency = logOfDay[recency];
            var odds = Math.Exp(logOfLeaving[x] + ((r + x) * (logAge - logRecency)));
            var gone = double.IsInfinity(odds) ? 1 : odds / (1 + odds);
            var there = 1 - gone;
            var logSum = double.IsInfinity(odds)
                ? logOfLeaving[x] - ((r + x) * logRecency)
                : Math.Log(1 + odds) - ((r + x) * logAge);
            sum += weight * (logByRepeats[x] + (r * logs[1]) + logSum);
            toR += weight * (slopeR[x] + logs[1] - (there * logAge) - (gone * logRecency));
            toAlpha += weight * ((r / alpha) - ((r + x) * ((there * inverseOfDay[age]) + (gone * inverseOfDay[recency]))));
            toA += weight * (slopeA[x] + (gone / a));
            toB += weight * (slopeB[x] - (gone / (b + x - 1)));
        }

        (gradient[0], gradient[1]) = (-toR * r / customers, -toAlpha * alpha / customers);
        (gradient[2], gradient[3]) = (-toA * a / customers, -toB * b / customers);
        return -sum / customers;
    }

    private void FillTables(double r, double alpha, double a, double b)
    {
        for (var day = 0; day < logOfDay.Length; day++)
        {
            var time = alpha + (day / RepeatPurchases.DaysPerWeek);
            (logOfDay[day], inverseOfDay[day]) = (Math.Log(time), 1 / time);
        }

        for (var x = 0; x + 1 < logByRepeats.Length; x++)
        {
            logByRepeats[x + 1] = logByRepeats[x] + Math.Log((r + x) * (b + x) / (a + b + x));
            logOfLeaving[x + 1] = Math.Log(a / (b + x));
            slopeR[x + 1] = slopeR[x] + (1 / (r + x));
            slopeA[x + 1] = slopeA[x] - (1 / (a + b + x));
            slopeB[x + 1] = slopeB[x] + (1 / (b + x)) - (1 / (a + b + x));
        }
    }
}
