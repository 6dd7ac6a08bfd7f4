using System.Text.Json.Serialization;
using Patron.Segmentation.Rfm;

namespace Patron.Segmentation;

/// <summary>A number that the models predict of a customer who bought; see <see cref="ScoreVersion"/>.</summary>
internal enum PredictedNumber
{
    /// <summary>The chance that they are still a customer, in percent, rounded.</summary>
    AlivePercent,

    /// <summary>Expected days with a purchase in the next twelve months, rounded down.</summary>
    Purchases,

    /// <summary>What these are worth, discounted, in minor units.</summary>
    Value,
}

/// <summary>The customer is at one of these stages, by the windows of the deployment.</summary>
internal sealed record LifecycleIn(params IReadOnlyList<LifecycleStage> Stages) : Clause;

/// <summary>
/// The customer's scores have one of the names and lie in the ranges, by the cuts in force; an empty list or null leaves that out. False of whoever
/// bought nothing, and while there are no cuts.
/// </summary>
/// <param name="Names">Of cells, as the table of the deployment has them.</param>
/// <param name="Recency">A score or a range such as 4-5; as <paramref name="Frequency"/> and <paramref name="Monetary"/>.</param>
internal sealed record RfmIn(IReadOnlyList<string> Names, string? Recency = null, string? Frequency = null, string? Monetary = null) : Clause
{
    /// <param name="scores">Null for who has none.</param>
    public bool Holds(RfmScores? scores) =>
        scores is { } known && (Names.Count == 0 || Names.Contains(known.Name)) && Has(Recency, known.Recency) && Has(Frequency, known.Frequency)
        && Has(Monetary, known.Monetary);

    public static bool IsRange(string text) => RangeOf(text) is { From: >= 1, To: <= 5 } range && range.From <= range.To;

    private static bool Has(string? text, int score) => text is null || RangeOf(text)!.Value.Has(score);

    private static ScoreRange? RangeOf(string text) => text.Length is 1 || (text.Length == 3 && text[1] == '-') ? new(text[0] - '0', text[^1] - '0') : null;
}

/// <summary>
/// What was last predicted lies between the bounds, these included; null leaves a side open. Predicted with the daily scan; false of whoever had
/// bought nothing then, and while there is no model.
/// </summary>
internal sealed record PredictedBetween(PredictedNumber Number, long? Min, long? Max) : Clause;

/// <summary>Scores of one customer, 1 to 5, and the name of their cell.</summary>
internal readonly record struct RfmScores(int Recency, int Frequency, int Monetary, string Name);

/// <summary>As <see cref="PredictedNumber"/> explains them.</summary>
internal readonly record struct Predicted(long AlivePercent, long Purchases, long Value)
{
    [JsonIgnore]
    public long this[PredictedNumber number] => number switch
    {
        PredictedNumber.AlivePercent => AlivePercent,
        PredictedNumber.Purchases => Purchases,
        _ => Value,
    };
}
