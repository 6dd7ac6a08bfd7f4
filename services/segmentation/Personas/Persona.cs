using System.Text.Json.Serialization;

namespace Patron.Segmentation.Personas;

/// <summary>
/// A hypothesis about customers: whom it describes, by a rule, and what they are expected to be like, by other rules. Shares are per cent,
/// 0.01 to 99.99 with at most two decimals.
/// </summary>
/// <param name="Titles">By language: en, zh-Hans, zh-Hant; English always.</param>
/// <param name="Owner">The team that answers for it.</param>
/// <param name="Among">The segment of those whom it is about; only they are counted.</param>
/// <param name="AtLeast">What many of the expectations together promise; null for nothing.</param>
/// <param name="MinCoveragePercent">The least share of <paramref name="Among"/> that it has to describe; null where that does not matter.</param>
/// <param name="MinCustomers">With fewer customers, or fewer others to compare with, nothing is said.</param>
/// <param name="ConfidencePercent">Of the verdict, 80 to 99.9.</param>
internal sealed record Persona(
    IReadOnlyDictionary<string, string> Titles, string Owner, string Among, Clause Describes, IReadOnlyList<Expectation> Expectations, AtLeast? AtLeast,
    decimal? MinCoveragePercent, int MinCustomers, decimal ConfidencePercent)
{
    [JsonIgnore]
    public double Confidence => (double)ConfidencePercent / 100;
}

/// <summary>Something that the persona's customers are expected to have or to do. At least one of the bounds is there.</summary>
/// <param name="MinHitPercent">At least so many of them.</param>
/// <param name="MinLift">So many times more often than everybody else.</param>
internal sealed record Expectation(string Name, Clause Rule, decimal? MinHitPercent, decimal? MinLift);

/// <summary>At least <paramref name="MinHitPercent"/> of them fulfil so many of the expectations or more.</summary>
internal sealed record AtLeast(int Expectations, decimal MinHitPercent);

/// <summary>A definition as it was put. One is never changed; the last version of a name counts.</summary>
/// <param name="Version">From 1 on, of this name.</param>
internal sealed record StoredPersona(string Name, int Version, Persona Persona, DateTimeOffset PutAt, string PutBy);
