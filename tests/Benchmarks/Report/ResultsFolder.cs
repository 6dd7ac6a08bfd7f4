using System.Text.Json;
using Patron.Testing;

namespace Patron.Benchmarks.Report;

/// <summary>
/// <c>latest.json</c> and <c>latest.md</c>, written by runs; <c>notes.md</c>, written by people, whose section of an id becomes part of the
/// page.
/// </summary>
internal sealed class ResultsFolder(string folder, IReadOnlyList<Figure> figures)
{
    public string Folder => folder;

    private string Json => Path.Combine(folder, "latest.json");

    public static ResultsFolder OfThisRepository() => new(NodeTool.SourceFolder(Path.Combine("tests", "Benchmarks", "results")), Catalogue.Figures);

    public List<Result> Read() =>
        File.Exists(Json) ? JsonSerializer.Deserialize(File.ReadAllText(Json), ResultJson.Readable.ListResult) ?? [] : [];

    /// <summary>Replaces the row of this id, and no other.</summary>
    public void Keep(Result result)
    {
        Directory.CreateDirectory(folder);
        var order = figures.Select(f => f.Id).ToList();
        var rows = Read().Where(r => r.Id != result.Id).Append(result)
            .OrderBy(r => (uint)order.IndexOf(r.Id)).ThenBy(r => r.Id, StringComparer.Ordinal).ToList();
        File.WriteAllText(Json, JsonSerializer.Serialize(rows, ResultJson.Readable.ListResult) + "\n");
        File.WriteAllText(Path.Combine(folder, "latest.md"), Page.Of(rows, figures, Notes()));
    }

    /// <summary>The text under each <c>## id</c> of the notes.</summary>
    private Dictionary<string, string> Notes()
    {
        var path = Path.Combine(folder, "notes.md");
        if (!File.Exists(path))
            return [];
        return ("\n" + File.ReadAllText(path)).Split("\n## ").Skip(1)
            .Select(section => section.Split('\n', 2))
            .ToDictionary(section => section[0].Trim(), section => section.ElementAtOrDefault(1)?.Trim() ?? "", StringComparer.Ordinal);
    }
}
