using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Patron.Tool.Backtest;

/// <summary>The result of a backtest as a table: as it was, under the changed programme, and what lies between.</summary>
internal static class BacktestText
{
    private static readonly (string Field, string Name)[] Figures =
    [
        ("issued", "points issued (cost)"), ("granted", "points granted otherwise"), ("reversed", "points reversed"),
        ("expired", "points expired"), ("redeemed", "points redeemed"),
        ("liability", "liability at the end"), ("owed", "points owed by members"), ("notRedeemable", "redeemed, but not there"),
        ("cut", "cut by caps"), ("upgrades", "tier upgrades"), ("downgrades", "tier downgrades"),
    ];

    public static string Of(JsonNode result)
    {
        var text = new StringBuilder();
        Line(text, $"{(long)result["members"]!:N0} members", "as it was", "changed", "difference");
        foreach (var (field, name) in Figures)
            Compare(text, name, (long)result["asItWas"]![field]!, (long)result["changed"]![field]!);
        foreach (var rule in result["changed"]!["byRule"]!.AsArray())
            Compare(text, $"  by {(string)rule!["rule"]!}", Points(result["asItWas"]!, (string)rule["rule"]!), (long)rule["points"]!);
        foreach (var move in result["tierMoves"]!.AsArray().Where(move => (string)move!["asItWas"]! != (string)move["changed"]!))
        {
            var (from, to) = ((string)move!["asItWas"]!, (string)move["changed"]!);
            text.Append(CultureInfo.InvariantCulture, $"{(long)move["members"]!:N0} members of {from} would be {to}\n");
        }

        foreach (var (list, what) in new[] { ("byTier", "tier"), ("bySegment", "segment") })
        {
            foreach (var group in result[list]!.AsArray())
            {
                var name = $"{what} {(string)group!["name"]!} ({(long)group["members"]!:N0})";
                Compare(text, $"{name}: issued", (long)group["issuedAsItWas"]!, (long)group["issuedChanged"]!);
                Compare(text, $"{name}: liability", (long)group["liabilityAsItWas"]!, (long)group["liabilityChanged"]!);
            }
        }

        return text.ToString().TrimEnd('\n');
    }

    private static long Points(JsonNode figures, string rule) =>
        figures["byRule"]!.AsArray().Where(known => (string)known!["rule"]! == rule).Sum(known => (long)known!["points"]!);

    private static void Compare(StringBuilder text, string name, long before, long after) => Line(
        text, name, before.ToString("N0", CultureInfo.InvariantCulture), after.ToString("N0", CultureInfo.InvariantCulture),
        (after - before).ToString("+#,##0;-#,##0;0", CultureInfo.InvariantCulture));

    private static void Line(StringBuilder text, string name, string before, string after, string difference) =>
        text.Append(CultureInfo.InvariantCulture, $"{name,-44} {before,15} {after,15} {difference,15}\n");
}
