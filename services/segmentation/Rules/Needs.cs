using System.Diagnostics;

namespace Patron.Segmentation;

/// <summary>What a rule looks at: a fact only re-evaluates the segments that need what it changed.</summary>
[Flags]
internal enum Needs
{
    None = 0,
    Purchases = 1,
    Points = 2,
    Tier = 4,
    Tags = 8,
    Consents = 16,

    /// <summary>The day of evaluation.</summary>
    Today = 32,

    /// <summary>What people told of themselves, which is not known before it is opened.</summary>
    Attributes = 64,
    Behaviours = 128,

    /// <summary>The cuts in force.</summary>
    Cuts = 256,

    /// <summary>What is predicted with the daily scan.</summary>
    Predictions = 512,
    All = 1023,
}

internal static class NeedsOfRules
{
    /// <summary>Of the rule and of every segment that it names.</summary>
    public static Needs Of(Clause clause, SegmentCatalog catalog) => clause switch
    {
        AllOf all => all.Clauses.Aggregate(Needs.None, (needs, part) => needs | Of(part, catalog)),
        AnyOf any => any.Clauses.Aggregate(Needs.None, (needs, part) => needs | Of(part, catalog)),
        NoneOf not => Of(not.Clause, catalog),
        InSegment inside => Of(catalog.RuleOf(inside.Segment), catalog),
        DaysSince or PurchasesBetween or NumberBetween { Column: NumberColumn.SpendInTwelveMonths } => Needs.Purchases | Needs.Today,
        DateBetween => Needs.Purchases,
        NumberBetween { Column: NumberColumn.Points } => Needs.Points,
        NumberBetween => Needs.Purchases,
        InTier => Needs.Tier,
        Tagged => Needs.Tags,
        Consented => Needs.Consents,
        LifecycleIn => Needs.Purchases | Needs.Today,
        RfmIn => Needs.Purchases | Needs.Today | Needs.Cuts,
        PredictedBetween => Needs.Predictions,
        BehavioursBetween => Needs.Behaviours | Needs.Today,
        AgeBetween or AttributeDaysSince or BirthdayNear { Month: null } => Needs.Attributes | Needs.Today,
        AttributeClause => Needs.Attributes,
        InControlGroup => Needs.None,
        _ => throw new UnreachableException($"Nobody knows what {clause.GetType().Name} needs."),
    };
}
