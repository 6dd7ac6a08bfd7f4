namespace Patron.Tagging;

internal enum Choice
{
    /// <summary>A customer holds any number of the branch's tags.</summary>
    Multiple,

    /// <summary>A customer holds at most one of the branch's tags: a new one replaces the other.</summary>
    Single,
}

/// <summary>A branch or, without children, a tag. <paramref name="Name"/> is one segment of the path, in kebab case.</summary>
internal sealed record TaxonomyNode(string Name, string Title, Choice Choice, IReadOnlyList<TaxonomyNode> Children);

/// <summary>The tree that tags stand in. A tag's path is the names from the root, joined by slashes.</summary>
internal static class Taxonomy
{
    public static readonly IReadOnlyList<TaxonomyNode> Roots =
    [
        Branch("consumption", "Consumption", Choice.Multiple,
            Branch("frequency", "How often they buy", Choice.Single,
                Tag("first-time", "First-time buyer"),
                Tag("repeat", "Repeat buyer"),
                Tag("frequent", "Frequent buyer")),
            Branch("channel", "Where they buy", Choice.Multiple,
                Tag("multi-channel", "Multi-channel shopper")),
            Branch("basket", "What they spend at once", Choice.Multiple,
                Tag("big", "Big basket")),
            Branch("returns", "What they give back", Choice.Multiple,
                Tag("returner", "Returner"))),
        Branch("loyalty", "Loyalty programme", Choice.Multiple,
            Branch("tier", "Tier", Choice.Single,
                Tag("member", "Member"),
                Tag("silver", "Silver"),
                Tag("gold", "Gold"),
                Tag("platinum", "Platinum"))),
    ];

    private static readonly Dictionary<string, TaxonomyNode> ByPath = Roots.SelectMany(root => Walk(root.Name, root)).ToDictionary();

    /// <summary>Every tag's path, in the order of the tree.</summary>
    public static IReadOnlyList<string> Tags { get; } = [.. ByPath.Where(node => node.Value.Children.Count == 0).Select(node => node.Key)];

    /// <summary>The branch that a tag stands in, such as <c>loyalty/tier</c> for <c>loyalty/tier/gold</c>.</summary>
    public static string BranchOf(string tag) => tag[..tag.LastIndexOf('/')];

    public static bool Knows(string tag) => ByPath.TryGetValue(tag, out var node) && node.Children.Count == 0;

    public static bool IsSingleChoice(string branch) => ByPath.TryGetValue(branch, out var node) && node.Choice == Choice.Single;

    private static IEnumerable<KeyValuePair<string, TaxonomyNode>> Walk(string path, TaxonomyNode node) =>
        node.Children.SelectMany(child => Walk($"{path}/{child.Name}", child)).Prepend(new(path, node));

    private static TaxonomyNode Branch(string name, string title, Choice choice, params IReadOnlyList<TaxonomyNode> children) =>
        new(name, title, choice, children);

    private static TaxonomyNode Tag(string name, string title) => new(name, title, Choice.Multiple, []);
}
