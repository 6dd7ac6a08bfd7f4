using Patron.Contracts;

namespace Patron.Loyalty;

/// <summary>A member's tier as shown to people and tills.</summary>
/// <param name="Names">By language: en, zh-Hans, zh-Hant; empty where the programme gives none.</param>
/// <param name="GraceUntil">When it is lost, where the review found too little.</param>
/// <param name="AtRisk">What is missing to keep it at its review, from the programme's days of reminding before it and in grace; otherwise null.</param>
internal sealed record TierShown(
    IReadOnlyDictionary<string, string> Names, IReadOnlyList<Benefit> Benefits, DateTimeOffset? GraceUntil, TierDistance? AtRisk)
{
    public static TierShown Of(Ledger ledger, string tier, TierStanding standing, Programme programme, DateTimeOffset now)
    {
        var rule = programme.Rule(tier);
        var isNear = ledger.GraceUntil is not null || (ledger.ReviewAt is { } review && now >= review.AddDays(-programme.TierReminderDays));
        return new(
            rule.Names, [.. rule.Benefits.Select(code => programme.Benefits.First(benefit => benefit.Code == code))], ledger.GraceUntil,
            isNear && !rule.IsReachedBy(standing, programme.TierScheme) ? TierDistance.To(rule, standing, programme, "keep") : null);
    }
}

/// <summary>What is missing to a tier, in every measure by which it is reached.</summary>
/// <param name="SpendMissingMinor">Null where spend does not count; likewise the others.</param>
/// <param name="Enough"><c>any</c> where one of them is enough, <c>all</c> where all are needed.</param>
/// <param name="Text">In a sentence, such as "Spend 120.00 GBP more to reach gold".</param>
internal sealed record TierDistance(string Tier, long? SpendMissingMinor, long? PointsMissing, long? VisitsMissing, string Enough, string Text)
{
    public static TierDistance To(TierRule rule, TierStanding standing, Programme programme, string purpose)
    {
        var missing = rule.Thresholds.Select(threshold => (threshold.Measure, Missing: Math.Max(0, threshold.From - standing.Of(threshold.Measure)))).ToList();
        var (enough, word) = programme.TierScheme == TierScheme.Any ? ("any", " or ") : ("all", " and ");
        var ways = missing.Where(way => way.Missing > 0).Select(way => Way(way.Measure, way.Missing, programme.TierCurrency));
        return new(
            rule.Name, Of(TierMeasure.Spend), Of(TierMeasure.Points), Of(TierMeasure.Visits), enough,
            $"{Sentence(string.Join(word, ways))} to {purpose} {rule.Name}");

        long? Of(TierMeasure measure) => missing.Where(way => way.Measure == measure).Select(way => (long?)way.Missing).FirstOrDefault();
    }

    private static string Way(TierMeasure measure, long missing, string currency) => measure switch
    {
        TierMeasure.Spend => $"spend {Money.Text(missing, currency)} more",
        TierMeasure.Points => $"earn {missing} points more",
        _ => $"buy {missing} times more",
    };

    private static string Sentence(string text) => text.Length == 0 ? "Nothing is missing" : char.ToUpperInvariant(text[0]) + text[1..];
}
