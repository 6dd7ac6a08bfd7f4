using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Optimization;
using NUnit.Framework;
using Patron.Segmentation.Value;

namespace Patron.Services.Tests.Segmentation.Value;

internal sealed class BgNbdTests
{
    /// <summary>As published for the CDNOW sample.</summary>
    private static readonly BgNbd Published = new(0.243, 4.414, 0.793, 2.426);

    [Test]
    public void The_gradient_is_that_of_the_likelihood([Values(0.243, 3)] double r, [Values(0.793, 1, 8)] double a)
    {
        var customers = new SyntheticBuyers(seed: 1).Customers(Published, 500, 30, 300);
        AssertGradient(new BgNbdLikelihood(customers.Groups(out _)).MeanNegative, [Math.Log(r), Math.Log(4.4), Math.Log(a), Math.Log(0.3)]);
    }

    [Test]
    public void The_likelihood_is_that_of_the_paper()
    {
        // One customer: x = 2, t_x = 30 3/7, T = 38 6/7 weeks, with every Gamma function as it stands in equation 6.
        var likelihood = new BgNbdLikelihood(new RepeatPurchases([2], [213], [272]).Groups(out _));
        var (r, alpha, a, b, x, recency, age) = (0.243, 4.414, 0.793, 2.426, 2.0, 213 / 7.0, 272 / 7.0);
        var expected = Log(r + x) - Log(r) + (r * Math.Log(alpha)) + Log(a + b) + Log(b + x) - Log(b) - Log(a + b + x)
            + Math.Log(Math.Pow(alpha + age, -(r + x)) + (a / (b + x - 1) * Math.Pow(alpha + recency, -(r + x))));

        var value = -likelihood.MeanNegative([Math.Log(r), Math.Log(alpha), Math.Log(a), Math.Log(b)], new double[4]);
        Assert.That(value, Is.EqualTo(expected).Within(1e-12));

        static double Log(double argument) => MathNet.Numerics.SpecialFunctions.GammaLn(argument);
    }

    [TestCase(0.243, 12, 0.793, 2.426)]
    [TestCase(1.2, 60, 0.6, 3.5)]
    [TestCase(4, 200, 1, 4)]
    public void Known_parameters_are_found_again(double r, double alpha, double a, double b)
    {
        var customers = new SyntheticBuyers(seed: 7).Customers(new BgNbd(r, alpha, a, b), 40_000, 500, 3_000);
        var model = BgNbd.Fit(customers).Model!;

        var found = new[] { model.R, model.Alpha, model.A, model.B };
        foreach (var (i, truth) in new[] { r, alpha, a, b }.Index())
            Assert.That(Math.Log(found[i] / truth) / model.StandardErrors![i], Is.EqualTo(0).Within(3.5), $"parameter {i} is {found[i]}, truly {truth}");
    }

    [Test]
    public void MathNets_minimiser_ends_at_the_same_place()
    {
        var customers = new SyntheticBuyers(seed: 3).Customers(Published, 5_000, 100, 300);
        var likelihood = new BgNbdLikelihood(customers.Groups(out _));
        var theirs = new BfgsMinimizer(1e-7, 1e-10, 1e-14, 1000).FindMinimum(
            ObjectiveFunction.Gradient(at =>
            {
                var gradient = new double[4];
                return (likelihood.MeanNegative(at.ToArray(), gradient), Vector<double>.Build.Dense(gradient));
            }),
            Vector<double>.Build.Dense([-1, 1, -1, 1])).MinimizingPoint.PointwiseExp();

        var ours = BgNbd.Fit(customers).Model!;
        Assert.That(theirs.ToArray(), Is.EqualTo(new[] { ours.R, ours.Alpha, ours.A, ours.B }).Within(1e-3).Percent);
    }

    [Test]
    public void A_chance_to_be_alive_is_a_chance_and_falls_with_silence()
    {
        for (var repeats = 1; repeats <= 40; repeats++)
        {
            var chances = Enumerable.Range(0, 300).Select(silence => Published.Alive(repeats, 30, 30 + silence)).ToList();
            Assert.That(chances, Is.Ordered.Descending);
            Assert.That(chances, Has.All.InRange(0, 1));
            Assert.That(chances, Is.Unique);
        }

        Assert.That(Published.Alive(0, 0, 1_000), Is.EqualTo(1));
        Assert.That(Published.Alive(100_000, 1, 5_000), Is.Zero);
    }

    [TestCase(0, 0, 38.86)]
    [TestCase(2, 30.43, 38.86)]
    [TestCase(7, 29.43, 38.86)]
    [TestCase(3, 5, 38.86)]
    public void Expected_purchases_are_those_of_simulated_lives(int repeats, double recency, double age)
    {
        var (mean, error) = new SyntheticBuyers(seed: 11).Future(Published, repeats, recency, age, weeks: 39, lives: 400_000);
        Assert.That(Published.Expected(repeats, recency, age, 39), Is.EqualTo(mean).Within(4 * error));
        Assert.That(error, Is.LessThan(0.02 * Math.Max(0.3, mean)), "A wide tolerance would prove nothing");
    }

    [Test]
    public void More_time_ahead_means_more_purchases()
    {
        var expected = Enumerable.Range(0, 200).Select(weeks => Published.Expected(4, 20, 30, weeks)).ToList();
        Assert.That(expected, Is.Ordered.Ascending);
        Assert.That(expected, Is.Unique);
        Assert.That(expected[0], Is.Zero);
    }

    [Test]
    public void Data_of_which_nothing_can_be_learnt_is_refused_with_the_reason()
    {
        Assert.That(Refusal(new([], [], [])), Is.EqualTo(new NoCustomers()));
        Assert.That(Refusal(new([0, 0], [0, 0], [0, 0])), Is.EqualTo(new NoTimeObserved(2)));
        Assert.That(Refusal(new([0, 0, 0], [0, 0, 0], [7, 70, 700])), Is.EqualTo(new NoRepeatCustomers(3)));

        // Everybody came back exactly once and at once, or every single day: rates or leaving have no spread.
        Assert.That(Refusal(new([1, 1, 1, 1], [7, 7, 7, 7], [70, 70, 70, 70])), Is.EqualTo(new NoMaximum("purchase", 4)));
        Assert.That(Refusal(new([30, 30], [30, 30], [30, 30])), Is.EqualTo(new NoMaximum("purchase", 2)));
        Assert.That(Refusal(new([1], [1], [1])), Is.EqualTo(new NoMaximum("purchase", 1)));
    }

    [Test]
    public void A_fit_is_refused_or_its_numbers_are_numbers_whatever_the_data()
    {
        var random = new Random(5);
        for (var round = 0; round < 200; round++)
        {
            var count = random.Next(1, 40);
            var ages = Enumerable.Range(0, count).Select(_ => random.Next(0, 1 + random.Next(900))).ToArray();
            var recency = Array.ConvertAll(ages, age => random.Next(3) == 0 ? 0 : random.Next(age + 1));
            var repeats = Array.ConvertAll(recency, days => days == 0 ? 0 : random.Next(1, days + 1));
            if (BgNbd.Fit(new RepeatPurchases(repeats, recency, ages)).Model is not { } model)
                continue;
            for (var i = 0; i < count; i++)
            {
                Assert.That(model.Expected(repeats[i], recency[i] / 7.0, ages[i] / 7.0, 52), Is.GreaterThanOrEqualTo(0).And.LessThan(400));
                Assert.That(model.Alive(repeats[i], recency[i] / 7.0, ages[i] / 7.0), Is.InRange(0, 1));
            }
        }
    }

    [TestCase(-1, 0, 0)]
    [TestCase(2, 1, 9)]
    [TestCase(0, 1, 9)]
    [TestCase(1, 9, 8)]
    public void Values_that_no_customer_can_have_are_a_fault(int repeats, int recency, int age) =>
        Assert.That(() => BgNbd.Fit(new([repeats], [recency], [age])), Throws.ArgumentException);

    /// <summary>Each slope against the difference of values on both sides.</summary>
    internal static void AssertGradient(Objective objective, double[] at)
    {
        const double Width = 1e-5;
        var (gradient, unused) = (new double[at.Length], new double[at.Length]);
        objective(at, gradient);
        for (var i = 0; i < at.Length; i++)
        {
            var (above, below) = ((double[])at.Clone(), (double[])at.Clone());
            above[i] += Width;
            below[i] -= Width;
            var slope = (objective(above, unused) - objective(below, unused)) / (2 * Width);
            Assert.That(gradient[i], Is.EqualTo(slope).Within(1e-8 + (1e-7 * Math.Abs(slope))), $"parameter {i}");
        }
    }

    private static Runtime.EventStore.Refusal? Refusal(RepeatPurchases customers) => BgNbd.Fit(customers).Refusal;
}
