using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Tagging;

/// <summary>
/// Adds a branch or tag, or changes one: its names, its place, who looks after it, how long it lasts, whether it is still given. Its id stays,
/// so customers keep what they hold and rules go on.
/// </summary>
internal static partial class PutTaxonomyNode
{
    public const int IdMax = 200;
    private const int BodyBytesMax = 16 * 1024;
    private const int NodesMax = 2_000;
    private const int DepthMax = 6;
    private const int NameMax = 60;
    private const int OwnerMax = 100;
    private const int DaysMax = 3_650;
    private const string NameRule = "This must be a text of 1 to 60 characters.";

    private static readonly Dictionary<string, bool> Kinds = new() { ["branch"] = false, ["tag"] = true };
    private static readonly Dictionary<string, Choice> Choices = new() { ["multiple"] = Choice.Multiple, ["single"] = Choice.Single };
    private static readonly Dictionary<string, bool> States = new() { ["active"] = false, ["retired"] = true };

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPut("/taxonomy/{**id}", PutAsync).RequireApiKey("operate")
        .WithMetadata(new RequestSizeLimitAttribute(BodyBytesMax));

    /// <summary>An id in a path may come with its slashes encoded.</summary>
    public static string IdOf(string path) => path.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    public static bool IsId(string id) => id.Length <= IdMax && Id().IsMatch(id);

    /// <summary>The same node again changes nothing, so a retry is safe.</summary>
    private static async Task<IResult> PutAsync(
        string id, HttpContext context, TaxonomyBook book, BusinessClock clock, [FromKeyedServices(Module.Name)] ServiceRuntime service,
        CancellationToken cancellation)
    {
        id = IdOf(id);
        using var body = new StreamReader(context.Request.Body, Encoding.UTF8);
        var text = await body.ReadToEndAsync(cancellation);
        await book.RefreshAsync(cancellation);
        var taxonomy = book.Current;
        var faults = new DocumentFaults();
        if (Read(id, text, faults) is not { } put || !IsRight(put, taxonomy, faults))
            return Problem.Invalid(faults.Found);
        if (put == taxonomy.Find(id))
            return TypedResults.Json(ReadTaxonomy.Answer(taxonomy, put), TaggingJson.Default.NodeAnswer);

        var changed = taxonomy.With(taxonomy.Revision + 1, put);
        if (await TornAsync(put, taxonomy, changed, service, cancellation) is { } torn)
            return torn;
        var stored = new StoredNode(changed.Revision, put, clock.GetUtcNow(), context.GetApiCaller().Name);
        if (!await TaxonomyTable.TryAddAsync(service.Database, stored, cancellation))
            return Problem.Of(StatusCodes.Status409Conflict, "taxonomy-changed", "Somebody else changed the taxonomy at the same moment: try again.");
        await book.RefreshAsync(cancellation);
        return TypedResults.Json(ReadTaxonomy.Answer(changed, put), TaggingJson.Default.NodeAnswer);
    }

    /// <summary>The node, or null when the text is no such document; <paramref name="faults"/> says what is wrong.</summary>
    internal static TaxonomyNode? Read(string id, string text, DocumentFaults faults)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return Read(id, new DocumentObject(document.RootElement, "", faults));
            faults.Add("", "A branch or tag must be an object in braces with the fields kind and names.");
        }
        catch (JsonException)
        {
            faults.Add("", "This is not JSON that can be taken.");
        }

        return null;
    }

    /// <summary>Whether it fits into the tree; otherwise <paramref name="faults"/> says why not.</summary>
    internal static bool IsRight(TaxonomyNode put, Taxonomy taxonomy, DocumentFaults faults)
    {
        var known = taxonomy.Find(put.Id);
        if (!IsId(put.Id))
            faults.Add("id", $"This must be 1 to {IdMax} lower-case letters, digits, hyphens and slashes, such as content/topics/styling.");
        if (known is null && taxonomy.Nodes.Count >= NodesMax)
            faults.Add("id", $"There are {NodesMax} branches and tags, and more are not possible: change one of these.");
        if (known is not null && known.IsTag != put.IsTag)
            faults.Add("/kind", $"This is a {(known.IsTag ? "tag" : "branch")} and stays one: choose another id.");
        if (put.IsTag && put.Parent is null)
            faults.Add("/parent", "A tag stands in a branch: write the id of one.");
        if (put.Parent is { } parent)
            CheckPlace(put, parent, taxonomy, faults);
        if (put is { IsTag: false, Retired: true } && taxonomy.Below(put.Id).FirstOrDefault(node => !node.Retired) is { } inUse)
            faults.Add("/state", $"{inUse.Id} stands in this branch and is in use: retire or move it first.");
        foreach (var sibling in put.Parent is { } branch ? taxonomy.Below(branch) : taxonomy.Roots)
        {
            if (sibling.Id != put.Id && TagLanguages.All.FirstOrDefault(language => AreAlike(put, sibling, language)) is { } language)
                faults.Add($"/names/{language}", $"{sibling.Id} has this name beside it already: choose another.");
        }

        return faults.Found.Count == 0;
    }

    private static void CheckPlace(TaxonomyNode put, string parent, Taxonomy taxonomy, DocumentFaults faults)
    {
        if (taxonomy.Find(parent) is not { } branch)
        {
            faults.Add("/parent", "There is no branch of this id; GET /v1/tagging/taxonomy lists them.");
            return;
        }

        if (branch.IsTag)
            faults.Add("/parent", "This is a tag, and tags stand in branches only.");
        if (branch.Retired && !put.Retired)
            faults.Add("/parent", "This branch is retired: choose another, or put it into use again.");
        var above = 0;
        for (TaxonomyNode? node = branch; node is not null; node = node.Parent is { } next ? taxonomy.Find(next) : null, above++)
        {
            if (node.Id != put.Id)
                continue;
            faults.Add("/parent", "A branch cannot stand in itself or in one below it: choose another.");
            return;
        }

        if (above + HeightOf(put.Id, taxonomy) > DepthMax)
            faults.Add("/parent", $"The tree is at most {DepthMax} deep: choose a branch nearer to the root.");
    }

    private static int HeightOf(string id, Taxonomy taxonomy) =>
        1 + taxonomy.Below(id).Select(node => HeightOf(node.Id, taxonomy)).DefaultIfEmpty().Max();

    private static bool AreAlike(TaxonomyNode one, TaxonomyNode other, string language) =>
        string.Equals(one.Names.In(language), other.Names.In(language), StringComparison.OrdinalIgnoreCase);

    /// <summary>A branch of which customers hold several tags cannot become single-choice: which of them counts is for people to say.</summary>
    private static async Task<IResult?> TornAsync(
        TaxonomyNode put, Taxonomy before, Taxonomy after, ServiceRuntime service, CancellationToken cancellation)
    {
        var branch = put.IsTag ? put.Parent! : put.Id;
        var tags = after.Below(branch).Where(node => node.IsTag).Select(node => node.Id).ToList();
        if (after.Find(branch)!.Choice == Choice.Multiple || tags.TrueForAll(tag => before.Rivals(tag).Count == tags.Count - 1)
            || await TagHolders.SeveralAsync(service.Database, tags, cancellation) is not (> 0 and var customers))
            return null;
        return Problem.Of(
            StatusCodes.Status409Conflict, "several-tags-held",
            $"{customers} customers hold several tags of {branch}, which is to be single-choice: take all but one from each of them first.");
    }

    private static TaxonomyNode Read(string id, DocumentObject from)
    {
        if (!from.Has("kind"))
            from.Fault("kind", "This field is missing: write branch or tag.");
        var isTag = from.Choice("kind", Kinds, false);
        var parent = from.Text("parent", IsId, "This must be the id of a branch, such as content/topics.");
        if (!from.Has("names"))
            from.Fault("names", "This field is missing: write at least {\"en\": \"…\"}.");
        var names = from.Nested("names", inner => new Names(
            inner.NeededText(TagLanguages.English, IsName, NameRule), inner.Text(TagLanguages.Simplified, IsName, NameRule),
            inner.Text(TagLanguages.Traditional, IsName, NameRule))) ?? new("", null, null);
        var owner = from.Text("owner", text => text.Length is > 0 and <= OwnerMax, $"This must be a team or role of 1 to {OwnerMax} characters.");
        var (choice, days) = (Choice.Multiple, (int?)null);
        if (isTag)
            days = (int?)from.Number("expiresAfterDays", 1, DaysMax);
        else
            choice = from.Choice("choice", Choices, Choice.Multiple);
        var retired = from.Choice("state", States, false);
        from.Done();
        return new(id, parent, isTag, names, choice, owner, days, retired);
    }

    private static bool IsName(string text) => text.Trim().Length > 0 && text.Length <= NameMax;

    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*)*$")]
    private static partial Regex Id();
}
