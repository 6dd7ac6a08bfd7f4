namespace Patron.Segmentation.Personas;

/// <summary>
/// What the customers of a moment say of a persona. All of them were counted, so the intervals are not about a sample of them: they say how far
/// customers who come about in the same way could differ by chance. Intervals are each by itself; the verdict allows for their number, and not for
/// that of the days on which somebody looks.
/// </summary>
/// <param name="Customers">Of the segment that it is about.</param>
/// <param name="Described">Those of them whom the persona describes.</param>
/// <param name="InSoMany">How many of those described fulfil 0, 1, 2 and more expectations.</param>
internal sealed record Measurement(
    string Persona, int Version, Covered Covered, long Customers, long Described, Estimate Coverage, IReadOnlyList<ExpectationResult> Expectations,
    HitRate AllOfThem, HitRate? AtLeast, IReadOnlyList<long> InSoMany, PersonaVerdict Verdict);

internal sealed record HitRate(long Hits, Estimate Rate)
{
    public static HitRate Of(Count count, double confidence) => new(count.Hits, count.Wilson(confidence));
}

/// <param name="Others">Of everybody else of the segment.</param>
/// <param name="Lift">The rate over that of the others; null where there is nobody on one side.</param>
internal sealed record ExpectationResult(string Name, string Sentence, HitRate Hit, HitRate Others, Estimate? Lift);

/// <param name="Says"><c>holds</c>, <c>does not hold</c> or <c>too few customers to say</c>.</param>
/// <param name="Confidence">
/// 1 less the chance, corrected for the number of claims, that the verdict is wrong; where nothing is said, what the nearer of both verdicts reaches.
/// </param>
internal sealed record PersonaVerdict(string Says, double Confidence, IReadOnlyList<ClaimResult> Claims)
{
    public const string Holds = "holds";
    public const string Fails = "does not hold";
    public const string TooFew = "too few customers to say";
}

/// <summary>One bound of the persona.</summary>
/// <param name="Says">As the persona's verdict, of this claim.</param>
/// <param name="ChanceIfNot">Of so good a figure if the truth were below the bound, corrected; small ones speak for the claim.</param>
/// <param name="ChanceIfSo">Of so bad a figure if the truth were above the bound, corrected; small ones speak against it.</param>
internal sealed record ClaimResult(string Claim, double Measured, double Bound, string Says, double ChanceIfNot, double ChanceIfSo);

/// <summary>Counts a persona and judges it.</summary>
internal static class Measure
{
    private const long Among = 1;
    private const long Describes = 2;
    private const int FirstExpectation = 2;

    public static TallyQuestion Question(Persona persona)
    {
        var expectations = Enumerable.Range(0, persona.Expectations.Count).Select(place => 1L << (place + FirstExpectation)).ToList();
        var described = new Combination(Among | Describes, 0);
        return new(
            [new InSegment(persona.Among), persona.Describes, .. persona.Expectations.Select(expected => expected.Rule)],
            [
                new(Among, 0),
                described,
                .. expectations.Select(bit => described with { All = Among | Describes | bit }),
                .. expectations.Select(bit => new Combination(Among | bit, Describes)),
            ],
            [new Spread(described, expectations.Sum())]);
    }

    /// <param name="tally">The answer to <see cref="Question"/>.</param>
    /// <param name="sentence">Says a rule.</param>
    public static Measurement Of(StoredPersona stored, Tally tally, Covered covered, Func<Clause, string> sentence)
    {
        var persona = stored.Persona;
        var (confidence, expected) = (persona.Confidence, persona.Expectations.Count);
        var (customers, described, inSoMany) = (tally.Counts[0], tally.Counts[1], tally.Spreads[0]);
        var hits = persona.Expectations.Select((_, place) => new Count(tally.Counts[2 + place], described)).ToList();
        var others = persona.Expectations.Select((_, place) => new Count(tally.Counts[2 + expected + place], customers - described)).ToList();
        var coverage = new Count(described, customers);
        Count? atLeast = persona.AtLeast is { } many ? new(inSoMany.Skip(many.Expectations).Sum(), described) : null;
        return new(
            stored.Name, stored.Version, covered, customers, described, coverage.Wilson(confidence),
            [
                .. persona.Expectations.Select((expectation, place) => new ExpectationResult(
                    expectation.Name, sentence(expectation.Rule), HitRate.Of(hits[place], confidence), HitRate.Of(others[place], confidence),
                    Rates.Lift(hits[place], others[place], confidence))),
            ],
            HitRate.Of(new(inSoMany[^1], described), confidence), atLeast is { } count ? HitRate.Of(count, confidence) : null, inSoMany,
            Judge(persona, [.. Claims(persona, coverage, hits, others, atLeast)], described, customers - described));
    }

    private static IEnumerable<Claim> Claims(Persona persona, Count coverage, List<Count> hits, List<Count> others, Count? atLeast)
    {
        if (persona.MinCoveragePercent is { } least)
            yield return Claim.OfRate("coverage", coverage, least);
        foreach (var (place, expectation) in persona.Expectations.Index())
        {
            if (expectation.MinHitPercent is { } rate)
                yield return Claim.OfRate($"hit rate of {expectation.Name}", hits[place], rate);
            if (expectation.MinLift is { } lift)
            {
                yield return new(
                    $"lift of {expectation.Name}", Rates.Lift(hits[place], others[place], persona.Confidence)?.Value ?? 0, (double)lift,
                    Rates.LiftAbove(hits[place], others[place], (double)lift), NeedsOthers: true);
            }
        }

        if (persona.AtLeast is { } many && atLeast is { } count)
            yield return Claim.OfRate($"hit rate of {many.Expectations} expectations or more", count, many.MinHitPercent);
    }

    private static PersonaVerdict Judge(Persona persona, IReadOnlyList<Claim> claims, long described, long others)
    {
        var wrong = 1 - persona.Confidence;
        var ifNot = Rates.Holm([.. claims.Select(claim => Rates.Chance(claim.Score))]);
        var ifSo = Rates.Holm([.. claims.Select(claim => Rates.Chance(-claim.Score))]);
        var enough = described >= persona.MinCustomers;
        var results = claims.Select((claim, place) => new ClaimResult(
            claim.Name, claim.Measured, claim.Bound,
            !enough || (claim.NeedsOthers && others < persona.MinCustomers) ? PersonaVerdict.TooFew
                : ifNot[place] <= wrong ? PersonaVerdict.Holds
                : ifSo[place] <= wrong ? PersonaVerdict.Fails
                : PersonaVerdict.TooFew,
            ifNot[place], ifSo[place])).ToList();
        var says = results.Exists(result => result.Says == PersonaVerdict.Fails) ? PersonaVerdict.Fails
            : results.TrueForAll(result => result.Says == PersonaVerdict.Holds) ? PersonaVerdict.Holds
            : PersonaVerdict.TooFew;
        var (holds, fails) = (1 - ifNot.Max(), 1 - ifSo.Min());
        return new(says, says == PersonaVerdict.Holds ? holds : says == PersonaVerdict.Fails ? fails : Math.Max(holds, fails), results);
    }

    /// <param name="Score">How far the figure lies above the bound, in standard errors.</param>
    private sealed record Claim(string Name, double Measured, double Bound, double Score, bool NeedsOthers = false)
    {
        public static Claim OfRate(string name, Count count, decimal percent) =>
            new(name, count.Rate, (double)percent / 100, count.ScoreAbove((double)percent / 100));
    }
}
