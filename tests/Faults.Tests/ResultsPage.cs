using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using NUnit.Framework;

namespace Patron.Faults.Tests;

/// <summary>
/// After a long campaign: results/latest.md, a row for each proof. Rows of proofs that this run left out stay, with the commit at which they
/// were run.
/// </summary>
[SetUpFixture]
internal sealed class ResultsPage
{
    private const string Head =
        """
        # Fault proofs at length

        Written by `make chaos`. Each row is one proof with what it did, the seeds that repeat it, and the commit that it ran on; proofs and
        their small fixed portions, which `make test` runs, are in this folder's parent. A planted bug is a row of the proof that must notice it.

        | proof | did | seeds | outcome | took | recovery | commit | day | machine |
        | --- | --- | --- | --- | --- | --- | --- | --- | --- |
        """;

    [OneTimeTearDown]
    public void Write()
    {
        if (!Campaign.IsLong || Proof.All.Count == 0)
            return;
        var file = Path.Combine(Folder(), "results", "latest.md");
        var rows = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (File.Exists(file))
        {
            foreach (var row in File.ReadLines(file).SkipWhile(line => !line.StartsWith("| ---", StringComparison.Ordinal)).Skip(1)
                .Where(line => line.StartsWith('|')))
                rows[row.Split('|')[1].Trim()] = row;
        }

        var commit = Commit();
        var day = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        foreach (var proof in Proof.All)
        {
            var took = proof.Took.TotalSeconds.ToString("0.0 s", CultureInfo.InvariantCulture);
            rows[proof.Name] = $"| {proof.Name} | {proof.Counts} | {proof.Seeds} | {(proof.Held ? "holds" : "**failed**")} | {took} | {proof.Recovery} "
                + $"| {commit} | {day} | {Machine()} |";
        }

        File.WriteAllText(file, Head + "\n" + string.Join('\n', rows.Values) + "\n");
    }

    private static string Machine()
    {
        var gibibytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024.0 * 1024 * 1024);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} cores {RuntimeInformation.ProcessArchitecture}, {gibibytes:0} GiB, .NET {Environment.Version}");
    }

    private static string Commit() =>
        Git("rev-parse", "--short", "HEAD") + (Git("status", "--porcelain", "--", "services", "tests").Length > 0 ? " with changes" : "");

    private static string Git(params string[] args)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", Folder(), .. args]) { RedirectStandardOutput = true })!;
        var text = git.StandardOutput.ReadToEnd().Trim();
        git.WaitForExit();
        return text;
    }

    /// <summary>The folder of this project's sources, above the folder that the tests run from.</summary>
    private static string Folder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Patron.Faults.Tests.csproj")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"No project above {AppContext.BaseDirectory}.");
    }
}
