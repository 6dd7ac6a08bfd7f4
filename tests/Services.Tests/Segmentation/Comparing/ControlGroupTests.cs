using MathNet.Numerics.Distributions;
using NUnit.Framework;
using Patron.Segmentation;

namespace Patron.Services.Tests.Segmentation.Comparing;

/// <summary>Splits by hash, against what chance would do; ids are made as the service makes them, by time.</summary>
internal sealed class ControlGroupTests
{
    private const int Customers = 200_000;
    private const int Bins = 100;

    // Of this many trials about one would exceed a chance of one in ten thousand.
    private const double Seldom = 1e-4;

    private static readonly DateTimeOffset From = BrandDaysTests.At("2026-01-01T00:00:00Z");

    [TestCase("spring-2027")]
    [TestCase("a")]
    [TestCase("对照组")]
    public void Places_are_spread_evenly(string name)
    {
        var bins = new long[Bins];
        var group = new ControlGroup(name);
        foreach (var customer in ByTime())
            bins[group.PlaceOf(customer) * Bins / ControlGroup.Places]++;

        Assert.That(ChiSquare([.. bins.Select(count => (double)count)], Customers / (double)Bins, Bins - 1), Is.InRange(Seldom, 1 - Seldom));
    }

    [Test]
    public void Neighbouring_ids_are_spread_evenly_too()
    {
        var group = new ControlGroup("neighbours");
        var bins = new long[Bins];
        for (var number = 0; number < Customers; number++)
            bins[group.PlaceOf(new Guid($"0b6f7a52-5f0e-7000-8000-{number:x12}")) * Bins / ControlGroup.Places]++;

        Assert.That(ChiSquare([.. bins.Select(count => (double)count)], Customers / (double)Bins, Bins - 1), Is.InRange(Seldom, 1 - Seldom));
    }

    [TestCase("spring", "autumn")]
    [TestCase("split-1", "split-2")]
    [TestCase("a", "A")]
    public void The_groups_of_two_names_have_nothing_to_do_with_each_other(string one, string other)
    {
        const int Side = 10;
        var (first, second) = (new ControlGroup(one), new ControlGroup(other));
        var cells = new double[Side * Side];
        foreach (var customer in ByTime())
            cells[(first.PlaceOf(customer) * Side / ControlGroup.Places * Side) + (second.PlaceOf(customer) * Side / ControlGroup.Places)]++;

        Assert.That(ChiSquare(cells, Customers / (double)cells.Length, (Side * Side) - 1), Is.InRange(Seldom, 1 - Seldom));
    }

    [TestCase(0.01)]
    [TestCase(0.25)]
    [TestCase(10.25)]
    [TestCase(50)]
    [TestCase(99.99)]
    public void The_share_is_kept_to_within_chance(double percent)
    {
        var clause = new InControlGroup("share", (decimal)percent);
        var inside = ByTime().Count(clause.Has);
        var (mean, deviation) = (Customers * percent / 100, Math.Sqrt(Customers * percent / 100 * (1 - (percent / 100))));
        Assert.That(inside, Is.InRange(mean - (4 * deviation) - 1, mean + (4 * deviation) + 1));
    }

    [Test]
    public void A_larger_share_keeps_the_customers_of_a_smaller_one_and_a_place_never_changes()
    {
        var (small, large) = (new InControlGroup("grows", 5), new InControlGroup("grows", 12.5m));
        Assert.That(ByTime().Take(20_000).Where(small.Has), Is.All.Matches<Guid>(large.Has));
        Assert.That(
            new[] { "0b6f7a52-5f0e-7000-8000-000000000001", "0b6f7a52-5f0e-7000-8000-000000000002", "018f0000-0000-7abc-9def-0123456789ab" }
                .Select(id => new ControlGroup("spring-2027").PlaceOf(new Guid(id))),
            Is.EqualTo(new[] { 5477, 6295, 1847 }), "Groups of campaigns that run would change");
    }

    private static IEnumerable<Guid> ByTime()
    {
        var random = new Random(2014);
        var bytes = new byte[16];
        for (var number = 0; number < Customers; number++)
        {
            random.NextBytes(bytes);
            var made = Guid.CreateVersion7(From.AddSeconds(number)).ToByteArray(bigEndian: true);
            bytes.AsSpan(6).CopyTo(made.AsSpan(6));
            made[6] = (byte)((made[6] & 0x0f) | 0x70);
            yield return new Guid(made, bigEndian: true);
        }
    }

    /// <summary>The chance of counts that differ from the expected as much, or more.</summary>
    private static double ChiSquare(double[] counts, double expected, int freedom) =>
        1 - ChiSquared.CDF(freedom, counts.Sum(count => (count - expected) * (count - expected) / expected));
}
