using System.Diagnostics;
using Patron.Tool;

namespace Patron.System.Tests.Tidiness;

/// <summary>The files of the repository as git knows them: tracked ones, and new ones that are not ignored.</summary>
internal static class Tree
{
    private static readonly Lazy<IReadOnlyList<string>> Listed = new(List);

    public static string Root { get; } = Checkout.Find().Folder;

    /// <summary>Paths relative to the root, with slashes.</summary>
    public static IReadOnlyList<string> Files => Listed.Value;

    public static IEnumerable<string> CSharp => Files.Where(it => it.EndsWith(".cs", StringComparison.Ordinal));

    public static string[] Lines(string file) => File.ReadAllLines(Path.Combine(Root, file));

    /// <summary>"file:line: text" for each line that a rule objects to.</summary>
    public static List<string> Offences(IEnumerable<string> files, Func<string, bool> isOffence) =>
        [.. from file in files
            from line in Lines(file).Index()
            where isOffence(line.Item)
            select $"{file}:{line.Index + 1}: {line.Item.Trim()}"];

    private static List<string> List()
    {
        var start = new ProcessStartInfo("git", ["-C", Root, "ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        {
            RedirectStandardOutput = true,
        };
        using var git = Process.Start(start)!;
        var files = git.StandardOutput.ReadToEnd().Split('\0', StringSplitOptions.RemoveEmptyEntries);
        git.WaitForExit();
        return [.. files.Where(it => File.Exists(Path.Combine(Root, it)))];
    }
}
