using System.Text.RegularExpressions;

namespace Patron.Charts.Tests.Prometheus;

/// <summary>Which metrics and labels an expression of PromQL asks for; enough of the language for the rules of this repository.</summary>
internal static partial class Expressions
{
    private static readonly string[] Words = ["and", "or", "unless", "bool", "offset", "inf", "nan"];

    public static IEnumerable<string> Metrics(string expression)
    {
        var bare = Range().Replace(Grouping().Replace(Selector().Replace(Quoted().Replace(expression, " "), " "), " "), " ");
        return Identifier().Matches(bare).Where(m => !m.Groups["call"].Success).Select(m => m.Groups["name"].Value)
            .Where(name => !Words.Contains(name, StringComparer.OrdinalIgnoreCase)).Distinct();
    }

    public static IEnumerable<string> Labels(string expression)
    {
        var bare = Quoted().Replace(expression, " ");
        var matched = Selector().Matches(bare).SelectMany(s => Label().Matches(s.Value)).Select(m => m.Value);
        return matched.Concat(Grouping().Matches(bare).SelectMany(g => Label().Matches(g.Groups["labels"].Value)).Select(m => m.Value)).Distinct();
    }

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Selector();

    [GeneratedRegex(@"\[[^\]]*\]")]
    private static partial Regex Range();

    [GeneratedRegex(@"\b(?:by|without|on|ignoring|group_left|group_right)\s*\((?<labels>[^)]*)\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"(?<![\w:.])(?<name>[a-zA-Z_:][\w:]*)(?<call>\s*\()?")]
    private static partial Regex Identifier();

    [GeneratedRegex(@"[a-zA-Z_]\w*")]
    private static partial Regex Label();
}
