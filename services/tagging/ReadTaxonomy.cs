using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Tagging;

/// <param name="Revision">Of the last change; 0 for none.</param>
internal sealed record TaxonomyAnswer(string Language, long Revision, IReadOnlyList<NodeAnswer> Branches);

/// <summary>A branch or tag as it is shown.</summary>
/// <param name="Kind"><c>branch</c> or <c>tag</c>; of a branch <paramref name="Choice"/> says whether it is single-choice.</param>
/// <param name="Name">In the language that was asked for.</param>
/// <param name="Names">In every language that it has one in.</param>
/// <param name="Path">The names from the root down to it.</param>
/// <param name="State"><c>active</c> or <c>retired</c>.</param>
/// <param name="Customers">In the tree: how many hold the tag.</param>
/// <param name="Children">In the tree: of a branch.</param>
internal sealed record NodeAnswer(
    string Id, string Kind, string Name, IReadOnlyDictionary<string, string> Names, IReadOnlyList<string> Path, string? Parent, string? Choice, string? Owner,
    int? ExpiresAfterDays, string State, long? Customers, IReadOnlyList<NodeAnswer>? Children);

/// <summary>Who changed what of the tree, the latest first.</summary>
internal sealed record TaxonomyChange(long Revision, DateTimeOffset PutAt, string PutBy, NodeAnswer Node);

/// <summary>What people and consoles ask about the tree.</summary>
internal static class ReadTaxonomy
{
    private const int ChangesMax = 500;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/taxonomy", TreeAsync);
        routes.MapGet("/taxonomy-changes", ChangesAsync);
    }

    /// <summary>A node by itself, as English people call it.</summary>
    public static NodeAnswer Answer(Taxonomy taxonomy, TaxonomyNode node) => Answer(taxonomy, node, TagLanguages.English);

    private static NodeAnswer WithBelow(Taxonomy taxonomy, TaxonomyNode node, string language, IReadOnlyDictionary<string, long> held) =>
        Answer(taxonomy, node, language) with
        {
            Customers = node.IsTag ? held.GetValueOrDefault(node.Id) : null,
            Children = node.IsTag ? null : [.. taxonomy.Below(node.Id).Select(below => WithBelow(taxonomy, below, language, held))],
        };

    private static NodeAnswer Answer(Taxonomy taxonomy, TaxonomyNode node, string language) => new(
        node.Id, node.IsTag ? "tag" : "branch", node.Names.In(language),
        TagLanguages.All.Where(l => l == TagLanguages.English || node.Names.In(l) != node.Names.English).ToDictionary(l => l, node.Names.In),
        [.. node.Parent is null ? [] : taxonomy.Path(node.Parent, language), node.Names.In(language)], node.Parent,
        node.IsTag ? null : node.Choice.ToString().ToLowerInvariant(), node.Owner, node.ExpiresAfterDays, node.Retired ? "retired" : "active",
        Customers: null, Children: null);

    /// <param name="language">Of the names: en, zh-Hans or zh-Hant; English without one.</param>
    private static async Task<IResult> TreeAsync(
        string? language, TaxonomyBook book, [FromKeyedServices(Module.Name)] ServiceRuntime service, CancellationToken cancellation)
    {
        if (TagLanguages.Wrong(language) is { } wrong)
            return Problem.Invalid(new FieldError("language", wrong));
        await book.RefreshAsync(cancellation);
        var (taxonomy, told) = (book.Current, language ?? TagLanguages.English);
        var held = (await TagHolders.CountsAsync(service.Database, cancellation)).ToDictionary(figure => figure.Name, figure => figure.Value);
        return TypedResults.Json(
            new TaxonomyAnswer(told, taxonomy.Revision, [.. taxonomy.Roots.Select(root => WithBelow(taxonomy, root, told, held))]),
            TaggingJson.Default.TaxonomyAnswer);
    }

    /// <param name="id">Of one branch or tag; all without one.</param>
    private static async Task<IResult> ChangesAsync(
        string? id, TaxonomyBook book, [FromKeyedServices(Module.Name)] ServiceRuntime service, CancellationToken cancellation)
    {
        var changes = (await TaxonomyTable.AfterAsync(service.Database, 0, cancellation)).Where(put => id is null || put.Node.Id == id);
        return TypedResults.Json<IReadOnlyList<TaxonomyChange>>(
            [.. changes.Reverse().Take(ChangesMax).Select(put => new TaxonomyChange(put.Revision, put.PutAt, put.PutBy, Answer(book.Current, put.Node)))],
            TaggingJson.Default.IReadOnlyListTaxonomyChange);
    }
}
