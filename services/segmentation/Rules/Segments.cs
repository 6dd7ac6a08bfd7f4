using System.Collections.Frozen;

namespace Patron.Segmentation;

/// <summary>A named group of customers, by rule.</summary>
/// <param name="Name">Stable, in kebab case; facts carry it.</param>
internal sealed record SegmentDefinition(string Name, string Title, Clause Rule)
{
    /// <summary>Customers enter and leave it; otherwise it can only be read, counted and explained.</summary>
    public bool Live { get; init; } = true;

    /// <summary>The tag that its customers are given, by its id in the taxonomy; null for none. It stays with the segment.</summary>
    public string? Tag { get; init; }

    /// <summary>Of the definition; 0 for one that ships.</summary>
    public long Revision { get; init; }
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
            if (SegmentPaths.Wrong(segment.Name, segment.Rule, Find, GiversOf) is { } wrong)
                throw new ArgumentException(wrong);
        }
    }

    public IReadOnlyList<SegmentDefinition> Segments { get; }

    /// <summary>Those that customers enter and leave.</summary>
    public IReadOnlyList<SegmentDefinition> Live { get; }

    public Clause? Find(string segment) => byName.GetValueOrDefault(segment)?.Rule;

    public string? TagOf(string segment) => byName.GetValueOrDefault(segment)?.Tag;

    /// <summary>The segments that give the tag.</summary>
    public IEnumerable<string> GiversOf(string tag) => Segments.Where(segment => segment.Tag == tag).Select(segment => segment.Name);

    /// <exception cref="KeyNotFoundException">There is no such segment; a rule that was read with this catalogue names none of these.</exception>
    public Clause RuleOf(string segment) => byName[segment].Rule;
}

/// <summary>How segments name one another, and need the tags that others give.</summary>
internal static class SegmentPaths
{
    /// <summary>What is wrong with the names in a rule, as a sentence, or null.</summary>
    /// <param name="name">Of the segment that the rule is to be of; null for a rule without a name.</param>
    /// <param name="find">The rule of a segment, or null where there is none.</param>
    /// <param name="giversOf">The segments that give a tag.</param>
    public static string? Wrong(string? name, Clause rule, Func<string, Clause?> find, Func<string, IEnumerable<string>> giversOf) =>
        Walk(name is null ? [] : [name], rule, find, giversOf, []);

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

    private static string? Walk(
        IReadOnlyList<string> path, Clause rule, Func<string, Clause?> find, Func<string, IEnumerable<string>> giversOf, HashSet<string> right)
    {
        foreach (var (by, next) in Steps(rule, giversOf).Distinct())
        {
            IReadOnlyList<string> there = by is null ? [.. path, next] : [.. path, $"the tag {by}", next];
            if (path.Contains(next))
                return $"A segment cannot depend on itself: {string.Join(" → ", there)}. Take one of these names out of its rule.";
            if (right.Contains(next))
                continue;
            if (find(next) is not { } inner)
                return $"There is no segment {next}.";
            if (Walk(there, inner, find, giversOf, right) is { } wrong)
                return wrong;
            right.Add(next);
        }

        return null;
    }

    /// <summary>The segments that a rule depends on, and by which tag it does.</summary>
    private static IEnumerable<(string? Tag, string Segment)> Steps(Clause clause, Func<string, IEnumerable<string>> giversOf) => clause switch
    {
        AllOf all => all.Clauses.SelectMany(part => Steps(part, giversOf)),
        AnyOf any => any.Clauses.SelectMany(part => Steps(part, giversOf)),
        NoneOf not => Steps(not.Clause, giversOf),
        InSegment inside => [(null, inside.Segment)],
        Tagged tagged => giversOf(tagged.Tag).Select(giver => ((string?)tagged.Tag, giver)),
        _ => [],
    };
}
