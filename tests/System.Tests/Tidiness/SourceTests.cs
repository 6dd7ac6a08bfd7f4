using System.Text.RegularExpressions;
using NUnit.Framework;

namespace Patron.System.Tests.Tidiness;

[TestFixture]
internal sealed partial class SourceTests
{
    private const int LinesMax = 300;
    private const int ColumnsMax = 160;

    /// <summary>Files over the limit, each with the reason.</summary>
    private static readonly Dictionary<string, string> LongFiles = new()
    {
        ["tests/Runtime.Tests/EventLog/EventLogContract.cs"] = "The whole contract of the event log port, inherited by every adapter.",
        ["tests/Runtime.Tests/Grpc/GrpcCallTests.cs"] = "Every call shape with its refusals.",
    };

    private static readonly string[] TextEndings =
        [".cs", ".csproj", ".props", ".targets", ".slnx", ".sql", ".proto", ".md", ".json", ".yaml", ".yml", ".js", ".ts", ".tsx", ".sh"];

    [Test]
    public void Git_lists_the_sources() =>
        Assert.That(Tree.Files, Does.Contain("global.json").And.Contain("tools/local/Postgres/PrivatePostgres.cs"));

    [Test]
    public void Files_are_short_enough_to_read()
    {
        var tooLong = Tree.CSharp.Select(file => (file, lines: Tree.Lines(file).Length)).Where(it => it.lines > LinesMax).ToList();
        Assert.That(tooLong.Where(it => !LongFiles.ContainsKey(it.file)), Is.Empty);
        Assert.That(LongFiles.Keys.Except(tooLong.Select(it => it.file)), Is.Empty, "an exception that is no longer needed");
    }

    [Test]
    public void Lines_fit_a_screen() =>
        Assert.That(Tree.Offences(Tree.CSharp, line => line.Length > ColumnsMax), Is.Empty);

    [Test]
    public void Nothing_is_left_to_do_in_a_comment() =>
        Assert.That(Tree.Offences(Texts().Where(it => !IsThisFile(it)), line => Unfinished().IsMatch(line)), Is.Empty);

    [Test]
    public void Tests_wait_on_conditions_and_never_sleep() =>
        Assert.That(
            Tree.Offences(
                Tree.CSharp.Where(it => it.StartsWith("tests/", StringComparison.Ordinal) && !it.StartsWith("tests/testing/", StringComparison.Ordinal)
                    && !IsThisFile(it)),
                Sleep().IsMatch),
            Is.Empty);

    [Test]
    public void No_folder_is_a_drawer_for_anything()
    {
        string[] drawers = ["common", "core", "helpers", "utils", "shared"];
        Assert.That(
            Tree.Files.Where(file => file.Split('/')[..^1].Any(folder => drawers.Contains(folder.ToLowerInvariant()))), Is.Empty);
    }

    [Test]
    public void No_path_of_somebodys_machine_is_written_down() =>
        Assert.That(Tree.Offences(Texts().Where(it => !IsThisFile(it)), line => MachinePath().IsMatch(line)), Is.Empty);

    [Test]
    public void Namespaces_span_their_file() =>
        Assert.That(
            Tree.CSharp.Where(file => Tree.Lines(file) is var lines && lines.Any(it => BlockNamespace().IsMatch(it))), Is.Empty);

    [GeneratedRegex(@"\b(TODO|FIXME|HACK)\b")]
    private static partial Regex Unfinished();

    // No sleeps: waiting for a cancellation, waiting on a clock that the test moves, and the short step of a poll that ends with a deadline.
    [GeneratedRegex(@"Thread\.Sleep|Task\.Delay\((?!Timeout\.Infinite)(?!\d\d?, cancellation)(?!.*, clock\))")]
    private static partial Regex Sleep();

    [GeneratedRegex(@"(?<![\w.~-])/(home|root|work|Users)/\w")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"^namespace [\w.]+\s*(\{.*)?$")]
    private static partial Regex BlockNamespace();

    private static IEnumerable<string> Texts() => Tree.Files.Where(file =>
        (TextEndings.Any(ending => file.EndsWith(ending, StringComparison.Ordinal)) || !Path.GetFileName(file).Contains('.', StringComparison.Ordinal))
        && Path.GetFileName(file) is not ("package-lock.json" or "packages.lock.json"));

    private static bool IsThisFile(string file) => file.EndsWith($"Tidiness/{nameof(SourceTests)}.cs", StringComparison.Ordinal);
}
