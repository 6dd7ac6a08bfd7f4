using Patron.Segmentation.Rfm;

namespace Patron.Segmentation;

/// <summary>
/// How a language says rules. Texts with braces are composite formats: {0} is what the clause is about, {1} and {2} what follows.
/// </summary>
internal sealed record Phrases
{
    /// <summary>A BCP 47 tag.</summary>
    public required string Language { get; init; }

    public required string Everyone { get; init; }

    public required string Nobody { get; init; }

    public required string And { get; init; }

    public required string Or { get; init; }

    public required string Not { get; init; }

    /// <summary>Around a part that needs it to be read right.</summary>
    public string Brackets { get; init; } = "({0})";

    public required string AtLeast { get; init; }

    public required string AtMost { get; init; }

    public required string FromTo { get; init; }

    public required string Exactly { get; init; }

    public required string Anything { get; init; }

    public required string DaysAgo { get; init; }

    public required string OnDate { get; init; }

    public required string DateFrom { get; init; }

    public required string DateTo { get; init; }

    public required string DateFromTo { get; init; }

    public required IReadOnlyDictionary<DayColumn, string> Days { get; init; }

    public required IReadOnlyDictionary<NumberColumn, string> Numbers { get; init; }

    /// <summary>{0} is the bound, {1} the filter with <see cref="Of"/>, {2} the window.</summary>
    public required IReadOnlyDictionary<PurchaseMeasure, string> Measures { get; init; }

    /// <summary>{0} is the bound, {1} the types, {2} the filter with <see cref="Of"/>, {3} the window.</summary>
    public required IReadOnlyDictionary<BehaviourMeasure, string> Behaviours { get; init; }

    public required string AnyBehaviour { get; init; }

    public required string Quoted { get; init; }

    public required string Lifecycle { get; init; }

    public required IReadOnlyDictionary<LifecycleStage, string> Stages { get; init; }

    public required string RfmNames { get; init; }

    public required string Recency { get; init; }

    public required string Frequency { get; init; }

    public required string Monetary { get; init; }

    public required IReadOnlyDictionary<PredictedNumber, string> Predictions { get; init; }

    public required string Of { get; init; }

    public required string OfProducts { get; init; }

    public required string OfCategories { get; init; }

    public required string Through { get; init; }

    public required string InStores { get; init; }

    public required string LastDays { get; init; }

    public required string Tier { get; init; }

    public required string Tagged { get; init; }

    public required string Consented { get; init; }

    public required string InSegment { get; init; }

    /// <summary>Of the attributes that every brand has; others are named by their keys.</summary>
    public required IReadOnlyDictionary<string, string> Attributes { get; init; }

    public required string AttributeKnown { get; init; }

    public required string AttributeIs { get; init; }

    public required string Age { get; init; }

    public required string BirthdayNext { get; init; }

    public required string BirthdayLast { get; init; }

    public required string BirthdayIn { get; init; }

    /// <summary>January first.</summary>
    public required IReadOnlyList<string> Months { get; init; }

    /// <summary>{1} is the share in per cent.</summary>
    public required string InControlGroup { get; init; }
}
