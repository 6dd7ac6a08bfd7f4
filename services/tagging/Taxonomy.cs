using System.Collections.Frozen;
using System.Globalization;

namespace Patron.Tagging;

internal enum Choice
{
    /// <summary>A customer holds any number of the branch's tags.</summary>
    Multiple,

    /// <summary>A customer holds at most one of the tags that stand in the branch itself: a new one replaces the other.</summary>
    Single,
}

/// <summary>What the tree calls something, by language; where a language is missing, English stands for it.</summary>
internal sealed record Names(string English, string? Simplified, string? Traditional)
{
    public string In(string language) => (language switch
    {
        TagLanguages.Simplified => Simplified,
        TagLanguages.Traditional => Traditional,
        _ => English,
    }) ?? English;
}

/// <summary>A branch or a tag as it stands in the tree.</summary>
/// <param name="Id">What facts and rules name. It never changes, whatever the node is called and wherever it stands.</param>
/// <param name="Parent">The branch that it stands in; null for a root.</param>
/// <param name="IsTag">Otherwise a branch. It stays what it is.</param>
/// <param name="Choice">Of a branch.</param>
/// <param name="Owner">The team or role that looks after it; null when nobody is named.</param>
/// <param name="ExpiresAfterDays">
/// Of a tag: whole days (UTC) that an assignment by hand, by file or by a channel lasts; null for no end. What a rule gives lasts as long as the
/// rule holds.
/// </param>
/// <param name="Retired">No longer given; whoever holds it keeps it until it ends as it would have.</param>
internal sealed record TaxonomyNode(
    string Id, string? Parent, bool IsTag, Names Names, Choice Choice, string? Owner, int? ExpiresAfterDays, bool Retired)
{
    /// <summary>When an assignment of this moment ends: at the midnight (UTC) that ends its last day.</summary>
    public DateTimeOffset? EndOf(DateTimeOffset at) =>
        ExpiresAfterDays is { } days ? new DateTimeOffset(at.UtcDateTime.Date, TimeSpan.Zero).AddDays(days + 1) : null;
}

/// <summary>The tree that tags stand in, as one revision has it.</summary>
/// <param name="nodes">In the order in which they were first put, the ready-made ones before all others.</param>
internal sealed class Taxonomy(long revision, IReadOnlyList<TaxonomyNode> nodes)
{
    private readonly FrozenDictionary<string, TaxonomyNode> byId = nodes.ToFrozenDictionary(node => node.Id);
    private readonly FrozenDictionary<string, TaxonomyNode[]> below =
        nodes.Where(node => node.Parent is not null).GroupBy(node => node.Parent!).ToFrozenDictionary(group => group.Key, group => group.ToArray());

    public static readonly Taxonomy ReadyMade = new(0, TaxonomyReadyMade.Nodes);

    /// <summary>Of the last change that is in it; 0 for none.</summary>
    public long Revision => revision;

    public IReadOnlyList<TaxonomyNode> Nodes => nodes;

    public IEnumerable<TaxonomyNode> Roots => nodes.Where(node => node.Parent is null);

    public TaxonomyNode? Find(string id) => byId.GetValueOrDefault(id);

    /// <summary>The tag of this id; null for a branch and for what is not in the tree.</summary>
    public TaxonomyNode? Tag(string id) => Find(id) is { IsTag: true } tag ? tag : null;

    public IReadOnlyList<TaxonomyNode> Below(string branch) => below.GetValueOrDefault(branch) ?? [];

    /// <summary>From the root down to the node; the id alone of what is not in the tree.</summary>
    public IReadOnlyList<string> Path(string id, string language)
    {
        var path = new List<string>();
        for (var node = Find(id); node is not null; node = node.Parent is { } parent ? Find(parent) : null)
            path.Insert(0, node.Names.In(language));
        return path.Count == 0 ? [id] : path;
    }

    /// <summary>The other tags of a single-choice branch, which a customer cannot hold beside this one.</summary>
    public IReadOnlySet<string> Rivals(string tag) => Tag(tag)?.Parent is { } parent && Find(parent)!.Choice == Choice.Single
        ? Below(parent).Where(node => node.IsTag && node.Id != tag).Select(node => node.Id).ToHashSet()
        : FrozenSet<string>.Empty;

    /// <summary>The tree with nodes put into it one after another, known ones in their old places.</summary>
    public Taxonomy With(long at, params IReadOnlyList<TaxonomyNode> put)
    {
        var last = put.GroupBy(node => node.Id).ToDictionary(group => group.Key, group => group.Last());
        var further = put.Select(node => node.Id).Distinct().Where(id => Find(id) is null).Select(id => last[id]);
        return new(at, [.. nodes.Select(node => last.GetValueOrDefault(node.Id, node)), .. further]);
    }
}

/// <summary>BCP 47 tags of the languages in which the tree has names.</summary>
internal static class TagLanguages
{
    public const string English = "en";
    public const string Simplified = "zh-Hans";
    public const string Traditional = "zh-Hant";

    public static readonly IReadOnlyList<string> All = [English, Simplified, Traditional];

    /// <summary>The sentence for a language that there is not; null where there is.</summary>
    public static string? Wrong(string? language) =>
        language is null || All.Contains(language) ? null : $"This must be one of: {string.Join(", ", All)}.";

    /// <summary>How an assignment came about, as people say it.</summary>
    public static string Say(this Assignment given, string language) => string.Format(
        CultureInfo.InvariantCulture,
        (given.Giver, language) switch
        {
            (Giver.Rule, Simplified) => "由规则 {0} 添加",
            (Giver.Rule, Traditional) => "由規則 {0} 新增",
            (Giver.Rule, _) => "given by the rule {0}",
            (Giver.Tier, Simplified) => "随会员等级而定",
            (Giver.Tier, Traditional) => "隨會員等級而定",
            (Giver.Tier, _) => "follows the loyalty tier",
            (Giver.Person, Simplified) => "由 {0} 手动添加",
            (Giver.Person, Traditional) => "由 {0} 手動新增",
            (Giver.Person, _) => "given by hand by {0}",
            (Giver.Import, Simplified) => "由文件 {0} 导入",
            (Giver.Import, Traditional) => "由檔案 {0} 匯入",
            (Giver.Import, _) => "imported with the file {0}",
            (_, Simplified) => "来自渠道 {0}",
            (_, Traditional) => "來自渠道 {0}",
            _ => "told by the channel {0}",
        },
        given.By);
}
