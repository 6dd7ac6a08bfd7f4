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
    All = 63,
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
        InControlGroup => Needs.None,
        _ => throw new UnreachableException($"Nobody knows what {clause.GetType().Name} needs."),
    };
}
