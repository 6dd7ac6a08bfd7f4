using System.Text.RegularExpressions;
using NUnit.Framework;

namespace Patron.System.Tests.Tidiness;

[TestFixture]
internal sealed partial class CommandTests
{
    private static readonly string[] PatronCommands = ["run", "import", "export", "doctor", "clean", "help", "--version"];

    [TestCase("README.md")]
    [TestCase("CONTRIBUTING.md")]
    public void Commands_in_the_documents_exist(string document)
    {
        if (!Tree.Files.Contains(document))
            Assert.Ignore($"{document} does not exist.");
        var text = string.Join('\n', Tree.Lines(document));
        var targets = Targets();
        Assert.That(MakeCommand().Matches(text).Select(it => it.Groups[1].Value).Distinct(), Is.SubsetOf(targets));
        Assert.That(PatronCommand().Matches(text).Select(it => it.Groups[1].Value).Distinct(), Is.SubsetOf(PatronCommands));
    }

    [Test]
    public void Every_target_of_the_Makefile_is_explained_by_make_help()
    {
        var phony = Tree.Lines("Makefile").Single(line => line.StartsWith(".PHONY:", StringComparison.Ordinal)).Split(' ')[1..];
        Assert.That(Targets(), Is.EquivalentTo(phony));
    }

    [Test]
    public void Scripts_stop_at_the_first_error_and_can_be_run()
    {
        string[] folders = ["infra/scripts", ".ci"];
        var scripts = Tree.Files.Where(it => folders.Contains(Path.GetDirectoryName(it))).ToList();
        Assert.That(scripts, Is.Not.Empty);
        Assert.Multiple(() =>
        {
            foreach (var script in scripts)
            {
                Assert.That(Tree.Lines(script), Does.Contain("set -euo pipefail"), script);
                Assert.That(File.GetUnixFileMode(Path.Combine(Tree.Root, script)).HasFlag(UnixFileMode.UserExecute), script);
            }
        });
    }

    private static IEnumerable<string> Targets() =>
        Tree.Lines("Makefile").Select(line => Target().Match(line)).Where(it => it.Success).Select(it => it.Groups[1].Value);

    [GeneratedRegex(@"^([a-z]+):.* ## ")]
    private static partial Regex Target();

    [GeneratedRegex(@"(?:^|`)(?:[A-Z]+=\S+ )*make ([a-z]+)", RegexOptions.Multiline)]
    private static partial Regex MakeCommand();

    [GeneratedRegex(@"(?:^|`)patron ([a-z-]+)", RegexOptions.Multiline)]
    private static partial Regex PatronCommand();
}
