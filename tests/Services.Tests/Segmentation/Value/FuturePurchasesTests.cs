using NUnit.Framework;
using Patron.Segmentation.Value;

namespace Patron.Services.Tests.Segmentation.Value;

/// <summary>The stable form against the papers' form by its plain series, and against quadrature.</summary>
internal sealed class FuturePurchasesTests
{
    [Test]
    public void It_is_the_papers_hypergeometric_form(
        [Values(0.243, 2.243, 9)] double shape, [Values(4.414, 43)] double rate, [Values(0.3, 0.793, 1.7, 6)] double a, [Values(2.426, 12)] double b,
        [Values(1, 39, 104)] double weeks)
    {
        var z = weeks / (rate + weeks);
        var expected = (a + b - 1) / (a - 1) * (1 - (Math.Pow(1 - z, shape) * Hypergeometric(shape, b, a + b - 1, z)));
        Assert.That(FuturePurchases.Expected(shape, rate, a, b, weeks), Is.EqualTo(expected).Within(1e-9 * Math.Max(1, expected)));
    }

    [Test]
    public void Series_and_quadrature_agree(
        [Values(0.05, 1, 30)] double shape, [Values(0.1, 50)] double rate, [Values(0.2, 1, 2, 3)] double a, [Values(0.7, 2.4, 200)] double b)
    {
        var series = FuturePurchases.Expected(shape, rate, a, b, 52);
        Assert.That(FuturePurchases.ByQuadrature(shape, rate, a, b, 52), Is.EqualTo(series).Within(1e-9 * Math.Max(1, series)));
    }

    [Test]
    public void It_is_smooth_where_the_papers_form_divides_by_zero()
    {
        var at = FuturePurchases.Expected(2.243, 43.27, 1, 4.426, 39);
        foreach (var distance in new[] { 1e-3, 1e-6, 1e-9, 1e-12, 1e-15 })
        {
            Assert.That(FuturePurchases.Expected(2.243, 43.27, 1 + distance, 4.426, 39), Is.EqualTo(at).Within(distance + 1e-12));
            Assert.That(FuturePurchases.Expected(2.243, 43.27, 1 - distance, 4.426, 39), Is.EqualTo(at).Within(distance + 1e-12));
        }

        Assert.That(at, Is.EqualTo(FuturePurchases.ByQuadrature(2.243, 43.27, 1, 4.426, 39)).Within(1e-11));
    }

    [Test]
    public void Nothing_is_bought_in_no_time_and_little_in_a_short_one()
    {
        Assert.That(FuturePurchases.Expected(0.243, 4.414, 0.793, 2.426, 0), Is.Zero);
        Assert.That(FuturePurchases.Expected(0.243, 4.414, 0.793, 2.426, 1e-6), Is.EqualTo(0.243 / 4.414 * 1e-6).Within(1e-4).Percent);
    }

    [TestCase(500, 100, 1, 3, 52)]
    [TestCase(0.01, 0.001, 0.2, 0.5, 522)]
    [TestCase(40, 0.001, 1, 2, 522)]
    [TestCase(3e6, 3e6, 2, 1, 52)]
    [TestCase(2, 30, 1e-6, 3e6, 52)]
    [TestCase(2, 30, 3e6, 3e6, 52)]
    public void Extreme_parameters_answer_a_number_within_its_bounds(double shape, double rate, double a, double b, double weeks)
    {
        // Nobody buys more than they would if they never left.
        Assert.That(FuturePurchases.Expected(shape, rate, a, b, weeks), Is.InRange(0, shape / rate * weeks * (1 + 1e-7)));
    }

    private static double Hypergeometric(double a, double b, double c, double z)
    {
        double term = 1, sum = 1;
        for (var n = 0; n < 1_000_000 && Math.Abs(term) > 1e-17 * Math.Abs(sum); n++)
        {
            term *= (a + n) * (b + n) / ((c + n) * (n + 1)) * z;
            sum += term;
        }

        return sum;
    }
}
