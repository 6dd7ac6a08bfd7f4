using System.Text.Json.Serialization;

namespace Patron.Segmentation;

/// <summary>A day that is known of a customer, in the brand's zone.</summary>
internal enum DayColumn
{
    FirstPurchase,
    LastPurchase,
}

/// <summary>A number that is known of a customer. Money is minor units of the brand's currency.</summary>
internal enum NumberColumn
{
    /// <summary>Receipts with at least one sold line.</summary>
    Purchases,

    /// <summary>Sold minus returned, ever.</summary>
    Spend,

    /// <summary>Sold minus returned on the days after the same day of the year before, up to today.</summary>
    SpendInTwelveMonths,

    /// <summary>Balance of points.</summary>
    Points,
}

/// <summary>
/// A rule over what is known of a customer. It is data: it can be written as JSON, evaluated over columns, explained for one customer and
/// said as a sentence. <see cref="RuleReader"/> reads the JSON; <c>contracts/segmentation/rule.schema.json</c> describes it.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(AllOf), "all")]
[JsonDerivedType(typeof(AnyOf), "any")]
[JsonDerivedType(typeof(NoneOf), "not")]
[JsonDerivedType(typeof(DaysSince), "days-since")]
[JsonDerivedType(typeof(DateBetween), "date")]
[JsonDerivedType(typeof(NumberBetween), "number")]
[JsonDerivedType(typeof(InTier), "tier")]
[JsonDerivedType(typeof(Tagged), "tag")]
[JsonDerivedType(typeof(Consented), "consent")]
[JsonDerivedType(typeof(InSegment), "segment")]
[JsonDerivedType(typeof(PurchasesBetween), "purchases")]
[JsonDerivedType(typeof(BehavioursBetween), "behaviours")]
[JsonDerivedType(typeof(LifecycleIn), "lifecycle")]
[JsonDerivedType(typeof(RfmIn), "rfm")]
[JsonDerivedType(typeof(PredictedBetween), "predicted")]
[JsonDerivedType(typeof(AttributeIn), "attribute")]
[JsonDerivedType(typeof(AttributeNumber), "attribute-number")]
[JsonDerivedType(typeof(AttributeDate), "attribute-date")]
[JsonDerivedType(typeof(AttributeDaysSince), "attribute-days-since")]
[JsonDerivedType(typeof(AgeBetween), "age")]
[JsonDerivedType(typeof(BirthdayNear), "birthday")]
[JsonDerivedType(typeof(InControlGroup), "control-group")]
internal abstract record Clause;

/// <summary>Every one of them holds; true of none.</summary>
internal sealed record AllOf(params IReadOnlyList<Clause> Clauses) : Clause;

/// <summary>At least one of them holds; false of none.</summary>
internal sealed record AnyOf(params IReadOnlyList<Clause> Clauses) : Clause;

/// <summary>It does not hold.</summary>
internal sealed record NoneOf(Clause Clause) : Clause;

/// <summary>
/// The number of midnights in the brand's zone between that day and today, bounds included; null leaves a side open. False of a customer
/// who has no such day.
/// </summary>
internal sealed record DaysSince(DayColumn Column, int? Min, int? Max) : Clause;

/// <summary>The day lies between the dates, these included; null leaves a side open. False of a customer who has no such day.</summary>
internal sealed record DateBetween(DayColumn Column, DateOnly? From, DateOnly? To) : Clause;

/// <summary>The number lies between the bounds, these included; null leaves a side open.</summary>
internal sealed record NumberBetween(NumberColumn Column, long? Min, long? Max) : Clause;

/// <summary>The customer's tier is one of these.</summary>
internal sealed record InTier(params IReadOnlyList<string> Tiers) : Clause;

/// <summary>The customer holds the tag.</summary>
internal sealed record Tagged(string Tag) : Clause;

/// <summary>The customer's consent to this purpose on this channel is granted.</summary>
internal sealed record Consented(string Channel, string Purpose) : Clause;

/// <summary>The rule of the named segment holds.</summary>
internal sealed record InSegment(string Segment) : Clause;
