using NUnit.Framework;
using Patron.Segmentation;
using Patron.Segmentation.Personas;

namespace Patron.Services.Tests.Segmentation.Personas;

/// <summary>Verdicts over many simulated brands whose truth is planted.</summary>
internal sealed class VerdictTests
{
    private const int Simulations = 2_000;
    private const int Others = 4_000;

    private static readonly DateTimeOffset May = BrandDaysTests.At("2026-05-01T10:00:00Z");

    [Test]
    public void A_persona_at_the_very_bound_of_every_claim_is_seldom_judged_wrongly()
    {
        // Each truth lies exactly at its bound, so that every 'holds' and every 'does not hold' is an accident.
        var says = Simulate(seed: 1979, described: 600, rate: 0.4, others: 0.2);

        Assert.That(Share(says, PersonaVerdict.Fails), Is.LessThan(0.06));
        Assert.That(Share(says, PersonaVerdict.Holds), Is.LessThan(0.02), "All of them have to be shown at once");
    }

    [Test]
    public void A_true_persona_holds_and_a_false_one_does_not()
    {
        Assert.That(Share(Simulate(seed: 1, described: 600, rate: 0.55, others: 0.2), PersonaVerdict.Holds), Is.GreaterThan(0.99));
        Assert.That(Share(Simulate(seed: 2, described: 600, rate: 0.28, others: 0.2), PersonaVerdict.Fails), Is.GreaterThan(0.99));
    }

    [Test]
    public void Of_few_customers_nothing_is_said()
    {
        Assert.That(Simulate(seed: 3, described: 99, rate: 0.9, others: 0.1).Distinct(), Is.EqualTo(new[] { PersonaVerdict.TooFew }));
        Assert.That(Share(Simulate(seed: 4, described: 110, rate: 0.44, others: 0.2), PersonaVerdict.TooFew), Is.GreaterThan(0.8), "enough to ask, not to say");
    }

    [Test]
    public void The_confidence_of_a_verdict_reaches_what_was_asked_for_or_nothing_is_said()
    {
        var random = new Random(7);
        for (var i = 0; i < 300; i++)
        {
            var verdict = Once(random, 300, 0.3 + (random.NextDouble() / 4), 0.2);
            Assert.That(verdict.Confidence, Is.InRange(0, 1));
            Assert.That(verdict.Confidence >= 0.95, Is.EqualTo(verdict.Says != PersonaVerdict.TooFew), $"{verdict.Says} {verdict.Confidence}");
            Assert.That(verdict.Claims, Has.Count.EqualTo(6));
        }
    }

    private static double Share(List<string> says, string verdict) => says.Count(said => said == verdict) / (double)says.Count;

    private static List<string> Simulate(int seed, int described, double rate, double others)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Simulations).Select(_ => Once(random, described, rate, others).Says)];
    }

    /// <summary>Three expectations with bounds of 40 % and of twice the others'.</summary>
    private static PersonaVerdict Once(Random random, int described, double rate, double others)
    {
        var persona = new Persona(
            new Dictionary<string, string> { ["en"] = "P" }, "crm", "active", new Tagged("p"),
            [.. Enumerable.Range(1, 3).Select(number => new Expectation($"e{number}", new Tagged($"t{number}"), 40, 2))], null, null, 100, 95);
        var counts = new List<long> { described + Others, described };
        counts.AddRange(Enumerable.Range(0, 3).Select(_ => (long)RatesTests.Draw(random, rate, described)));
        counts.AddRange(Enumerable.Range(0, 3).Select(_ => (long)RatesTests.Draw(random, others, Others)));
        var tally = new Tally(described + Others, counts, [[described, 0, 0, 0]]);
        return Measure.Of(new("p", 1, persona, May, "test"), tally, new(8, 8), _ => "").Verdict;
    }
}
