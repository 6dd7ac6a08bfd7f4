using NUnit.Framework;
using Patron.Segmentation.Personas;

namespace Patron.Services.Tests.Segmentation.Personas;

/// <summary>Intervals and corrections, against published values and against what they promise over many simulations.</summary>
internal sealed class RatesTests
{
    private const int Simulations = 4_000;
    private const double Confidence = 0.95;

    [Test]
    public void A_score_interval_is_that_of_the_literature()
    {
        // Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
        Assert.That(Rounded(new Count(81, 263).Wilson(Confidence)), Is.EqualTo((0.2553, 0.3662)));
        Assert.That(Rounded(new Count(15, 148).Wilson(Confidence)), Is.EqualTo((0.0624, 0.1605)));
        Assert.That(Rounded(new Count(0, 20).Wilson(Confidence)), Is.EqualTo((0, 0.1611)));
        Assert.That(Rounded(new Count(1, 29).Wilson(Confidence)), Is.EqualTo((0.0061, 0.1718)));
        Assert.That(new Count(0, 0).Wilson(Confidence), Is.EqualTo(new Estimate(0, 0, 1)));
    }

    [Test]
    public void A_test_against_a_bound_decides_as_its_interval_does()
    {
        foreach (var (hits, of) in new[] { (3, 40), (17, 40), (40, 40), (0, 40), (500, 1_000) })
        {
            var (count, interval) = (new Count(hits, of), new Count(hits, of).Wilson(Confidence));
            foreach (var bound in new[] { interval.Low + 1e-6, interval.High - 1e-6 }.Where(bound => bound is > 0 and < 1))
                Assert.That(Math.Abs(count.ScoreAbove(bound)), Is.LessThan(Rates.TwoSided(Confidence) + 1e-9), $"{hits} of {of}, inside");
            foreach (var bound in new[] { interval.Low - 1e-6, interval.High + 1e-6 }.Where(bound => bound is > 0 and < 1))
                Assert.That(Math.Abs(count.ScoreAbove(bound)), Is.GreaterThan(Rates.TwoSided(Confidence) - 1e-9), $"{hits} of {of}, outside");
        }
    }

    [TestCase(0.02, 300)]
    [TestCase(0.1, 60)]
    [TestCase(0.3, 40)]
    [TestCase(0.5, 1_000)]
    [TestCase(0.85, 120)]
    public void Intervals_of_rates_have_the_truth_in_them_as_often_as_they_say(double rate, int customers)
    {
        var random = new Random(1927);
        var covered = Enumerable.Range(0, Simulations).Count(_ =>
            new Count(Draw(random, rate, customers), customers).Wilson(Confidence) is var interval && interval.Low <= rate && rate <= interval.High);

        Assert.That(covered / (double)Simulations, Is.InRange(0.93, 0.98));
    }

    [TestCase(0.3, 100, 0.2, 1_000)]
    [TestCase(0.05, 400, 0.02, 4_000)]
    [TestCase(0.6, 80, 0.3, 80)]
    [TestCase(0.1, 200, 0.1, 5_000)]
    public void Intervals_of_lifts_have_the_truth_in_them_as_often_as_they_say(double rate, int customers, double others, int otherCustomers)
    {
        var random = new Random(1978);
        var covered = Enumerable.Range(0, Simulations).Count(_ => Rates.Lift(
            new(Draw(random, rate, customers), customers), new(Draw(random, others, otherCustomers), otherCustomers), Confidence) is { } lift
            && lift.Low <= rate / others && rate / others <= lift.High);

        Assert.That(covered / (double)Simulations, Is.InRange(0.935, 0.98));
    }

    [Test]
    public void Chances_are_corrected_for_their_number_step_by_step()
    {
        // 0.01, 0.02, 0.03, 0.04 and 0.05 times 5, 4, 3, 2 and 1, none below the one before.
        double[] expected = [0.09, 0.05, 0.08, 0.09, 0.09];
        Assert.That(Rates.Holm([0.03, 0.01, 0.02, 0.04, 0.05]), Is.EqualTo(expected).Within(1e-12));
        Assert.That(Rates.Holm([0.7, 0.9]), Is.EqualTo(new[] { 1.0, 1.0 }));
        Assert.That(Rates.Holm([]), Is.Empty);
    }

    [Test]
    public void A_lift_without_a_single_hit_is_still_a_number()
    {
        var lift = Rates.Lift(new(0, 50), new(0, 900), Confidence)!;
        Assert.That((double.IsFinite(lift.Low), double.IsFinite(lift.High), lift.Low < 1, lift.High > 1), Is.EqualTo((true, true, true, true)));
        Assert.That(Rates.Lift(new(0, 0), new(1, 2), Confidence), Is.Null);
    }

    internal static int Draw(Random random, double rate, int customers)
    {
        var hits = 0;
        for (var customer = 0; customer < customers; customer++)
            hits += random.NextDouble() < rate ? 1 : 0;
        return hits;
    }

    private static (double, double) Rounded(Estimate interval) => (Math.Round(interval.Low, 4), Math.Round(interval.High, 4));
}
