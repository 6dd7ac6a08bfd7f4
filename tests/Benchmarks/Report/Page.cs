using System.Globalization;
using System.Text;

namespace Patron.Benchmarks.Report;

/// <summary>The results for people.</summary>
internal static class Page
{
    public static string Of(IReadOnlyList<Result> results, IReadOnlyList<Figure> figures, IReadOnlyDictionary<string, string> notes)
    {
        var page = new StringBuilder();
        page.AppendLine("# Benchmarks").AppendLine();
        page.AppendLine(
            "Each figure is the median of three rounds that alternate with rounds of its peer on the same machine and the same PostgreSQL (fsync and");
        page.AppendLine(
            "synchronous_commit on); what counts is the ratio. `make bench` writes this page, `ONLY=append.batched,log.* make bench` a part of it. What");
        page.AppendLine("stands under \"Where the time goes\" comes from `notes.md`.").AppendLine();
        page.AppendLine(Table(results, figures));
        page.AppendLine("## What is measured").AppendLine();
        foreach (var figure in figures)
            page.AppendLine(CultureInfo.InvariantCulture, $"- `{figure.Id}`: {figure.What} Peer: {figure.Peer}.");
        page.AppendLine().AppendLine("## Where the time goes").AppendLine();
        foreach (var figure in figures.Where(f => notes.ContainsKey(f.Id)))
            page.AppendLine(CultureInfo.InvariantCulture, $"### `{figure.Id}`").AppendLine().AppendLine(notes[figure.Id]).AppendLine();
        page.AppendLine("## Measured on").AppendLine();
        foreach (var run in results.GroupBy(r => (r.Machine, r.Commit)))
            page.AppendLine(CultureInfo.InvariantCulture, $"- {run.Key.Machine}; commit {run.Key.Commit}: {string.Join(", ", run.Select(r => $"`{r.Id}`"))}.");
        return page.ToString();
    }

    public static string Table(IReadOnlyList<Result> results, IReadOnlyList<Figure> figures)
    {
        var table = new StringBuilder();
        table.AppendLine("| id | value | peer | ratio | target | |").AppendLine("| --- | ---: | ---: | ---: | --- | --- |");
        foreach (var figure in figures)
        {
            var cells = results.FirstOrDefault(r => r.Id == figure.Id) is { } result
                ? $"{Number(result.Value)} {result.Unit} | {Number(result.PeerValue)} | {Number(result.Ratio)} | {figure.Target} | "
                    + (figure.Target.IsMetBy(result.Value, result.Ratio) ? "met" : "**missed**")
                : $"| | | {figure.Target} | not measured";
            table.AppendLine(CultureInfo.InvariantCulture, $"| `{figure.Id}` | {cells} |");
        }

        return table.ToString();
    }

    private static string Number(double? value) => value is { } number
        ? number.ToString(Math.Abs(number) >= 100 ? "#,##0" : "0.##", CultureInfo.InvariantCulture)
        : "–";
}
