using System.Collections.Frozen;

namespace Patron.Segmentation;

/// <summary>A named group of customers, by rule.</summary>
/// <param name="Name">Stable, in kebab case; facts carry it.</param>
internal sealed record SegmentDefinition(string Name, string Title, Clause Rule);

/// <summary>The segments of a deployment, and the codes that their rules need in columns.</summary>
internal sealed class SegmentCatalog
{
    /// <summary>A customer's tags are one word: at most this many different tags may appear in rules.</summary>
    public const int TagsMax = 64;

    private readonly FrozenDictionary<string, int> tagBits;

    /// <exception cref="ArgumentException">Two segments have one name, or rules name more than <see cref="TagsMax"/> tags.</exception>
    public SegmentCatalog(IReadOnlyList<SegmentDefinition> segments)
    {
        if (segments.Select(segment => segment.Name).Distinct().Count() != segments.Count)
            throw new ArgumentException("Two segments have the same name.");
        var tags = segments.SelectMany(segment => TagsIn(segment.Rule)).Distinct().ToList();
        if (tags.Count > TagsMax)
            throw new ArgumentException($"Rules name {tags.Count} tags; at most {TagsMax} are possible.");
        Segments = segments;
        tagBits = tags.Select((tag, bit) => KeyValuePair.Create(tag, bit)).ToFrozenDictionary();
    }

    public IReadOnlyList<SegmentDefinition> Segments { get; }

    /// <summary>The tag's bit, or 0 for a tag that no rule names, which therefore is not kept.</summary>
    public ulong TagBit(string tag) => tagBits.TryGetValue(tag, out var bit) ? 1UL << bit : 0;

    private static IEnumerable<string> TagsIn(Clause clause) => clause switch
    {
        AllOf all => all.Clauses.SelectMany(TagsIn),
        AnyOf any => any.Clauses.SelectMany(TagsIn),
        NoneOf not => TagsIn(not.Clause),
        Tagged tagged => [tagged.Tag],
        _ => [],
    };
}

/// <summary>The segments that every deployment starts with.</summary>
internal static class ReadyMade
{
    public static readonly IReadOnlyList<SegmentDefinition> Segments =
    [
        new("new", "New", new DaysSince(DayColumn.FirstPurchase, null, 30)),
        new("active", "Active", new DaysSince(DayColumn.LastPurchase, null, 90)),
        new("at-risk", "At risk", new AllOf(
            new NumberBetween(NumberColumn.Purchases, 2, null),
            new DaysSince(DayColumn.LastPurchase, 91, 180))),
        new("dormant", "Dormant", new DaysSince(DayColumn.LastPurchase, 181, null)),
        new("vip", "VIP", new AllOf(
            new InTier("gold", "platinum"),
            new DaysSince(DayColumn.LastPurchase, null, 90))),
        new("big-spenders", "Big spenders", new NumberBetween(NumberColumn.SpendInTwelveMonths, 2_000_00, null)),
        new("multi-channel", "Multi-channel", new Tagged("consumption/channel/multi-channel")),
    ];
}
