using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NUnit.Framework;
using Patron.Charts.Tests.Kubernetes;

namespace Patron.Charts.Tests.Images;

[TestFixture]
internal sealed partial class DockerfileTests
{
    private const string Dockerfile = "infra/images/Dockerfile";

    // The image of .NET has these two; everything else must come along with librdkafka.
    private static readonly string[] OfTheImage = ["libssl.so.3", "libcrypto.so.3"];
    private static readonly string[] OfTheCLibrary = ["linux-vdso.so.1", "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1"];

    private static List<(string Instruction, string Arguments)> Steps =>
    [
        .. Continued().Replace(Repository.Text(Dockerfile), " ").Split('\n')
            .Where(l => l.Length > 0 && l[0] != '#').Select(l => l.Split(' ', 2)).Select(p => (p[0], p[1])),
    ];

    [Test]
    public void Every_base_image_is_pinned_and_the_SDK_is_the_one_of_the_repository()
    {
        var images = Steps.Where(s => s.Instruction == "FROM").Select(s => s.Arguments.Split(' ')[0]).ToList();
        Assert.That(images.Where(i => !PodPolicy.IsPinned(i)), Is.Empty);
        var sdk = JsonNode.Parse(Repository.Text("global.json")).Text("sdk.version");
        Assert.That(images, Has.Some.EndsWith($"dotnet/sdk:{sdk}-noble"));
        Assert.That(images[^1], Does.Match(@"dotnet/aspnet:10\.0\.\d+-noble-chiseled-extra$"));
    }

    [Test]
    public void The_image_runs_as_nobody_special_without_a_shell()
    {
        var last = Steps.Skip(Steps.FindLastIndex(s => s.Instruction == "FROM")).ToList();
        Assert.That(last.Single(s => s.Instruction == "USER").Arguments, Is.EqualTo("1654:1654"));
        Assert.That(last.Single(s => s.Instruction == "ENTRYPOINT").Arguments, Does.StartWith("[\""));
        Assert.That(last.Select(s => s.Instruction), Has.None.EqualTo("RUN"), "a chiselled image has no shell to run it");
        Assert.That(Steps.Select(s => s.Instruction), Has.None.EqualTo("ADD"));
    }

    [TestCase("services/profile")]
    [TestCase("services/tagging")]
    [TestCase("services/loyalty")]
    [TestCase("services/segmentation")]
    [TestCase("services/journey")]
    [TestCase("services/channels/email")]
    [TestCase("services/channels/sms")]
    [TestCase("services/channels/wechat")]
    [TestCase("services/gateway")]
    public void What_is_copied_exists_and_is_not_ignored(string service)
    {
        var sources = Steps.Where(s => s.Instruction == "COPY" && !s.Arguments.Contains("--from=", StringComparison.Ordinal))
            .SelectMany(s => s.Arguments.Split(' ').Where(w => !w.StartsWith("--", StringComparison.Ordinal)).SkipLast(1))
            .Select(source => source.Replace("${SERVICE}", service, StringComparison.Ordinal)).ToList();
        var ignored = Repository.Text(".dockerignore").Split('\n').Where(l => l.StartsWith('!')).Select(l => l[1..]).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(sources.Where(s => Matches(s).Length == 0), Is.Empty, "does not exist");
            Assert.That(sources.Where(s => !ignored.Exists(i => s == i || s.StartsWith(i + "/", StringComparison.Ordinal))), Is.Empty, "is ignored");
            Assert.That(Matches($"{service}/*.csproj"), Has.Length.EqualTo(1), "the entry point is found by its one project");
        });
    }

    [Test]
    public void What_a_build_reads_from_the_root_comes_into_the_image()
    {
        string[] read = ["global.json", ".editorconfig", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "BannedSymbols.txt"];
        var copied = Steps.Where(s => s.Instruction == "COPY").SelectMany(s => s.Arguments.Split(' ')).ToList();
        Assert.That(read, Is.SubsetOf(copied));
    }

    [Test]
    public async Task Librdkafka_comes_with_everything_that_the_image_of_dotnet_lacks()
    {
        if (!File.Exists("/etc/debian_version"))
            Assert.Ignore("The image's library is Debian's; this is another system.");
        var folder = Deployments.NewFolder("native");
        var collected = await Programs.RunAsync(Repository.Path("infra/images/collect-librdkafka"), [folder], folder, CancellationToken.None);
        if (collected.Errors.Contains("is not installed", StringComparison.Ordinal))
            Assert.Ignore("librdkafka1 is not installed.");
        Assert.That(collected.ExitCode, Is.Zero, collected.ToString());
        var copied = Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)!).ToList();
        Assert.That(copied, Has.Member("librdkafka.so.1").And.None.StartsWith("libc.so").And.None.StartsWith("libssl"));
        foreach (var file in copied)
        {
            var needs = await Programs.RunAsync("ldd", [Path.Combine(folder, file)], folder, CancellationToken.None);
            var names = needs.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Trim().Split(' ')[0]).Where(n => !n.StartsWith('/'));
            Assert.That(names.Except([.. copied, .. OfTheImage, .. OfTheCLibrary]), Is.Empty, file);
        }
    }

    private static string[] Matches(string source) => source.Contains('*', StringComparison.Ordinal)
        ? Directory.GetFiles(Repository.Path(Path.GetDirectoryName(source)!), Path.GetFileName(source))
        : File.Exists(Repository.Path(source)) || Directory.Exists(Repository.Path(source)) ? [source] : [];

    [GeneratedRegex(@"\\\n\s*")]
    private static partial Regex Continued();
}
