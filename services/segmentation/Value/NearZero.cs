namespace Patron.Segmentation.Value;

/// <summary>
/// Logarithm and exponential where subtracting would leave no digits. .NET's <c>LogP1</c> and <c>ExpM1</c> subtract, and MathNet's
/// <c>Log1p</c> ends its series at eight digits. The corrections are W. Kahan's, as in the HP-15C Advanced Functions Handbook (1982): the
/// rounding of 1 + x appears in both factors and cancels.
/// </summary>
internal static class NearZero
{
    /// <summary>ln(1 + x), to full relative precision; x above -1.</summary>
    public static double LogOfOnePlus(double x)
    {
        var sum = 1 + x;
        return sum == 1 ? x : double.IsInfinity(sum) ? sum : Math.Log(sum) * (x / (sum - 1));
    }

    /// <summary>e^x - 1, to full relative precision.</summary>
    public static double ExpMinusOne(double x)
    {
        var power = Math.Exp(x);
        if (power == 1)
            return x;
        var less = power - 1;
        return less == -1 || double.IsInfinity(power) ? less : less * (x / Math.Log(power));
    }
}
