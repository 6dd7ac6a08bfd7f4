using NUnit.Framework;
using Patron.Segmentation.Value;

namespace Patron.Services.Tests.Segmentation.Value;

internal sealed class GammaGammaTests
{
    private static readonly GammaGamma Published = new(6.25, 3.74, 15.44);

    [Test]
    public void The_gradient_is_that_of_the_likelihood([Values(0.5, 6.25)] double p, [Values(0.8, 3.74)] double q)
    {
        var customers = new SyntheticBuyers(seed: 2).Spend(Published, 500, 12);
        BgNbdTests.AssertGradient(new GammaGammaLikelihood(customers, unit: 1).MeanNegative, [Math.Log(p), Math.Log(q), Math.Log(15)]);
    }

    [TestCase(6.25, 3.74, 15.44)]
    [TestCase(1.5, 2.5, 900)]
    public void Known_parameters_are_found_again(double p, double q, double gamma)
    {
        var model = GammaGamma.Fit(new SyntheticBuyers(seed: 9).Spend(new GammaGamma(p, q, gamma), 40_000, 10)).Model!;

        var found = new[] { model.P, model.Q, model.Gamma };
        foreach (var (i, truth) in new[] { p, q, gamma }.Index())
            Assert.That(Math.Log(found[i] / truth) / model.StandardErrors![i], Is.EqualTo(0).Within(3.5), $"parameter {i} is {found[i]}, truly {truth}");
        Assert.That(model.Correlation, Is.EqualTo(0).Within(0.02));
    }

    [Test]
    public void Another_unit_changes_the_scale_only()
    {
        var customers = new SyntheticBuyers(seed: 4).Spend(Published, 3_000, 10);
        var pounds = GammaGamma.Fit(customers).Model!;
        var pence = GammaGamma.Fit(customers with { Average = Array.ConvertAll(customers.Average, average => average * 100) }).Model!;

        Assert.That((pence.P, pence.Q), Is.EqualTo((pounds.P, pounds.Q)).Using<(double, double)>(
            (one, other) => Math.Abs(one.Item1 - other.Item1) + Math.Abs(one.Item2 - other.Item2) < 1e-6));
        Assert.That(pence.Gamma, Is.EqualTo(pounds.Gamma * 100).Within(1e-4).Percent);
        Assert.That(pence.LogLikelihood, Is.EqualTo(pounds.LogLikelihood - (3_000 * Math.Log(100))).Within(1e-4));
    }

    [Test]
    public void An_expected_value_lies_between_the_customers_own_and_everybodys()
    {
        Assert.That(Published.Mean, Is.EqualTo(35.22).Within(0.005));
        Assert.That(Published.Expected(0, 0), Is.EqualTo(Published.Mean).Within(1e-12));
        var nearer = Enumerable.Range(1, 50).Select(purchases => Published.Expected(purchases, 100)).ToList();
        Assert.That(nearer, Is.Ordered.Ascending.And.All.InRange(Published.Mean, 100));
        Assert.That(Published.Expected(1_000_000, 100), Is.EqualTo(100).Within(1e-3));
    }

    [Test]
    public void Data_of_which_nothing_can_be_learnt_is_refused_with_the_reason()
    {
        Assert.That(GammaGamma.Fit(new([], [])).Refusal, Is.EqualTo(new NoCustomers()));
        Assert.That(GammaGamma.Fit(new([1, 2], [10, 10])).Refusal, Is.EqualTo(new ValuesAllEqual(2)));
        Assert.That(GammaGamma.Fit(new([1, 2, 3, 1], [10, 0, -5, double.NaN])).Refusal, Is.EqualTo(new NotPositive(3)));
        Assert.That(GammaGamma.Fit(new([1, 1], [10, 11])).Refusal, Is.EqualTo(new NoMaximum("value", 2)));
        Assert.That(new ValuesAllEqual(2).Detail, Is.EqualTo(
            "All 2 customers spend the same on average, so there is no spread to learn from; use that value itself."));
    }

    [Test]
    public void Values_without_a_finite_mean_are_refused()
    {
        var customers = new SyntheticBuyers(seed: 6).Spend(new GammaGamma(3, 0.6, 10), 5_000, 10);
        Assert.That(GammaGamma.Fit(customers).Refusal, Is.InstanceOf<NoMeanValue>());
    }
}
