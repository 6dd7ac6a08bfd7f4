using System.Collections.Frozen;

namespace Patron.Segmentation;

/// <summary>A named group of customers, by rule.</summary>
/// <param name="Name">Stable, in kebab case; facts carry it.</param>
internal sealed record SegmentDefinition(string Name, string Title, Clause Rule)
{
    /// <summary>Customers enter and leave it; otherwise it can only be read, counted and explained.</summary>
    public bool Live { get; init; } = true;
}

/// <summary>The segments of a deployment, in the order in which they are told.</summary>
internal sealed class SegmentCatalog
{
    private readonly FrozenDictionary<string, SegmentDefinition> byName;

    /// <exception cref="ArgumentException">Two segments have one name, or one names another that there is not, or itself by a way around.</exception>
    public SegmentCatalog(IReadOnlyList<SegmentDefinition> segments)
    {
        if (segments.Select(segment => segment.Name).Distinct().Count() != segments.Count)
            throw new ArgumentException("Two segments have the same name.");
        Segments = segments;
        Live = [.. segments.Where(segment => segment.Live)];
        byName = segments.ToFrozenDictionary(segment => segment.Name);
        foreach (var segment in segments)
        {
            if (SegmentPaths.Wrong(segment.Name, segment.Rule, Find) is { } wrong)
                throw new ArgumentException(wrong);
        }
    }

    public IReadOnlyList<SegmentDefinition> Segments { get; }

    /// <summary>Those that customers enter and leave.</summary>
    public IReadOnlyList<SegmentDefinition> Live { get; }

    public Clause? Find(string segment) => byName.GetValueOrDefault(segment)?.Rule;

    /// <exception cref="KeyNotFoundException">There is no such segment; a rule that was read with this catalogue names none of these.</exception>
    public Clause RuleOf(string segment) => byName[segment].Rule;
}

/// <summary>How segments name one another.</summary>
internal static class SegmentPaths
{
    /// <summary>What is wrong with the names in a rule, as a sentence, or null.</summary>
    /// <param name="name">Of the segment that the rule is to be of; null for a rule without a name.</param>
    /// <param name="find">The rule of a segment, or null where there is none.</param>
    public static string? Wrong(string? name, Clause rule, Func<string, Clause?> find) => Walk(name is null ? [] : [name], rule, find, []);

    public static IEnumerable<string> Named(Clause clause) => clause switch
    {
        AllOf all => all.Clauses.SelectMany(Named),
        AnyOf any => any.Clauses.SelectMany(Named),
        NoneOf not => Named(not.Clause),
        InSegment inside => [inside.Segment],
        _ => [],
    };

    /// <summary>The segments that a rule names, and those that these name.</summary>
    public static IEnumerable<string> All(Clause rule, SegmentCatalog catalog) =>
        Named(rule).Distinct().SelectMany(name => All(catalog.RuleOf(name), catalog).Prepend(name));

    /// <summary>The rule with the rules of the segments that it names in their places.</summary>
    public static Clause WithoutNames(Clause rule, SegmentCatalog catalog) => rule switch
    {
        AllOf all => new AllOf([.. all.Clauses.Select(part => WithoutNames(part, catalog))]),
        AnyOf any => new AnyOf([.. any.Clauses.Select(part => WithoutNames(part, catalog))]),
        NoneOf not => new NoneOf(WithoutNames(not.Clause, catalog)),
        InSegment inside => WithoutNames(catalog.RuleOf(inside.Segment), catalog),
        _ => rule,
    };

    private static string? Walk(IReadOnlyList<string> path, Clause rule, Func<string, Clause?> find, HashSet<string> right)
    {
        foreach (var next in Named(rule).Distinct())
        {
            if (path.Contains(next))
                return $"A segment cannot depend on itself: {string.Join(" → ", [.. path, next])}. Take one of these names out of its rule.";
            if (right.Contains(next))
                continue;
            if (find(next) is not { } inner)
                return $"There is no segment {next}.";
            if (Walk([.. path, next], inner, find, right) is { } wrong)
                return wrong;
            right.Add(next);
        }

        return null;
    }
}
