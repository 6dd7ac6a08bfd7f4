using System.Diagnostics;

namespace Patron.Segmentation;

/// <summary>
/// A clause, said as a sentence, and what is true of a customer. <paramref name="Fact"/> is empty where the answer is in the
/// <paramref name="Parts"/>.
/// </summary>
internal sealed record ClauseAnswer(bool Holds, string Clause, string Fact, IReadOnlyList<ClauseAnswer> Parts);

/// <summary>Evaluates rules for one customer and says why, in English.</summary>
/// <param name="currency">ISO 4217 code of the brand's currency.</param>
internal sealed class Explanation(SegmentCatalog catalog, string currency)
{
    public SegmentCatalog Catalog => catalog;

    private readonly RuleSentence sentence = new(Languages.English, currency);

    /// <summary>The same over other segments.</summary>
    public Explanation With(SegmentCatalog other) => new(other, currency);

    public bool Holds(Clause clause, CustomerRow row) => clause switch
    {
        AllOf all => all.Clauses.All(part => Holds(part, row)),
        AnyOf any => any.Clauses.Any(part => Holds(part, row)),
        NoneOf not => !Holds(not.Clause, row),
        InSegment inside => Holds(catalog.RuleOf(inside.Segment), row),
        DaysSince since => row.Day(since.Column) is { } day && Between(row.Today - day, since.Min, since.Max),
        DateBetween date => row.Day(date.Column) is { } day && Between(day, date.From?.DayNumber, date.To?.DayNumber),
        NumberBetween number => Between(row.Number(number.Column), number.Min, number.Max),
        InTier tier => row.Tier is not null && tier.Tiers.Contains(row.Tier),
        Tagged tagged => row.Tags.Contains(tagged.Tag),
        Consented consent => row.Consents.Contains(PartitionColumns.Consent(consent.Channel, consent.Purpose)),
        InControlGroup control => control.Has(row.Customer),
        PurchasesBetween purchases => PurchaseAggregate.Of(purchases, row.Lines, row.Today) is { } value && Between(value, purchases.Min, purchases.Max),
        LifecycleIn lifecycle => lifecycle.Stages.Contains(row.Stage),
        RfmIn rfm => rfm.Holds(row.Rfm),
        PredictedBetween predicted => row.Predicted is { } told && Between(told[predicted.Number], predicted.Min, predicted.Max),
        BehavioursBetween behaviours => Measured(behaviours, row) is { } value && Between(value, behaviours.Min, behaviours.Max),
        AttributeClause attribute => row.Attributes.TryGetValue(attribute.Key, out var value) && AttributeTest.Holds(attribute, value, row.Today),
        _ => throw new UnreachableException($"No evaluation for {clause.GetType().Name}."),
    };

    /// <param name="showsPersonal">The values of attributes may be told.</param>
    public ClauseAnswer Why(Clause clause, CustomerRow row, bool showsPersonal)
    {
        var parts = clause switch
        {
            AllOf all => all.Clauses.Select(part => Why(part, row, showsPersonal)),
            AnyOf any => any.Clauses.Select(part => Why(part, row, showsPersonal)),
            NoneOf not => [Why(not.Clause, row, showsPersonal)],
            InSegment inside => [Why(catalog.RuleOf(inside.Segment), row, showsPersonal)],
            _ => [],
        };
        return new ClauseAnswer(Holds(clause, row), Sentence(clause), Fact(clause, row, showsPersonal), [.. parts]);
    }

    /// <summary>The facts that decided, in or out, in one line. It is kept, so values of attributes are not in it.</summary>
    public string Reason(Clause clause, CustomerRow row) => string.Join("; ", Deciding(clause, row).Distinct());

    public string Sentence(Clause clause) => sentence.Of(clause);

    /// <summary>The rule in another language.</summary>
    public string Sentence(Clause clause, Phrases phrases) => new RuleSentence(phrases, currency).Of(clause);

    private IEnumerable<string> Deciding(Clause clause, CustomerRow row)
    {
        var holds = Holds(clause, row);
        return clause switch
        {
            AllOf all => all.Clauses.Where(part => holds || !Holds(part, row)).SelectMany(part => Deciding(part, row)),
            AnyOf any => any.Clauses.Where(part => !holds || Holds(part, row)).SelectMany(part => Deciding(part, row)),
            NoneOf not => Deciding(not.Clause, row),
            InSegment inside => Deciding(catalog.RuleOf(inside.Segment), row),
            _ => [Fact(clause, row, showsPersonal: false)],
        };
    }

    private string Fact(Clause clause, CustomerRow row, bool showsPersonal) => clause switch
    {
        AttributeClause attribute => AttributeFacts.Of(attribute, row, Holds(attribute, row), showsPersonal),
        DaysSince since => row.Day(since.Column) is { } day ? $"{Noun(since.Column)} {DaysAgo(row.Today - day)}" : "no purchase yet",
        DateBetween date => row.Day(date.Column) is { } day ? $"{Noun(date.Column)} on {DateOnly.FromDayNumber(day):yyyy-MM-dd}" : "no purchase yet",
        NumberBetween { Column: var column } => row.Number(column) is var value && column is NumberColumn.Purchases or NumberColumn.Points
            ? $"{RuleSentence.Plain(value)} {Unit(column, value)}"
            : $"spent {sentence.Money(value)}{Period(column)}",
        InTier => row.Tier is null ? "no tier" : $"tier {row.Tier}",
        Tagged tagged => Holds(tagged, row) ? $"tagged {tagged.Tag}" : $"not tagged {tagged.Tag}",
        Consented consent => $"{(Holds(consent, row) ? "agrees" : "does not agree")} to {consent.Purpose} by {consent.Channel}",
        InControlGroup control => $"{(Holds(control, row) ? "in" : "not in")} the control group {control.Name}",
        PurchasesBetween purchases => PurchaseAggregate.Of(purchases, row.Lines, row.Today) is { } value
            ? sentence.Measured(purchases, value)
            : sentence.Measured(purchases with { Measure = PurchaseMeasure.Receipts }, 0),
        LifecycleIn => $"at the stage {Languages.English.Stages[row.Stage]}",
        RfmIn when row.LastDay is null => "no purchase yet",
        RfmIn => row.Rfm is { } scores
            ? $"{scores.Name}: recency {scores.Recency}, frequency {scores.Frequency}, money {scores.Monetary}"
            : "nobody has scores yet, since too few customers have bought",
        PredictedBetween when row.LastDay is null => "no purchase yet, so nothing is predicted",
        PredictedBetween predicted => row.Predicted is { } told
            ? sentence.Measured(predicted, told[predicted.Number])
            : "nothing is predicted yet: that comes with the daily scan, once there is a model",
        BehavioursBetween behaviours => Measured(behaviours, row) is { } value
            ? sentence.Measured(behaviours, value)
            : sentence.Measured(behaviours with { Measure = BehaviourMeasure.Count }, 0),
        _ => "",
    };

    private static long? Measured(BehavioursBetween clause, CustomerRow row) =>
        PurchaseAggregate.Of(clause.AsPurchases, row.Behaviours, row.Today, BehavioursBetween.DaysMax);

    private static string Noun(DayColumn column) => Languages.English.Days[column];

    private static string DaysAgo(int days) => days switch
    {
        0 => "today",
        1 => "1 day ago",
        _ => $"{RuleSentence.Plain(days)} days ago",
    };

    private static string Unit(NumberColumn column, long value) => (column, value) switch
    {
        (NumberColumn.Purchases, 1) => "purchase",
        (NumberColumn.Purchases, _) => "purchases",
        (_, 1) => "point",
        _ => "points",
    };

    private static string Period(NumberColumn column) => column == NumberColumn.SpendInTwelveMonths ? " in the last 12 months" : " in all";

    private static bool Between(long value, long? min, long? max) => (min is null || value >= min) && (max is null || value <= max);
}
