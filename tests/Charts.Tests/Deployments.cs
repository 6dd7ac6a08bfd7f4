using System.Text.Json.Nodes;
using NUnit.Framework;

namespace Patron.Charts.Tests;

/// <summary>The charts rendered once for all tests, and the Secrets that <c>make-secrets</c> makes for them.</summary>
[SetUpFixture]
internal sealed class Deployments
{
    /// <summary>What a deployment with everything turned on sets.</summary>
    public static readonly string[] Everything =
    [
        "global.metrics.serviceMonitor.enabled=true", "global.telemetry.otlpEndpoint=\"http://collector:4317\"",
        "gateway.ingress.enabled=true", "email.ingress.enabled=true", "profile.ingress.enabled=true",
        "loyalty.grpc.from=[{\"namespaceSelector\":{\"matchLabels\":{\"kubernetes.io/metadata.name\":\"partners\"}}}]",
        "global.image.registry=\"registry.example\"", "global.image.pullSecrets=[\"pull\"]",
        "global.log.properties={\"security.protocol\":\"SASL_SSL\",\"sasl.mechanism\":\"SCRAM-SHA-512\"}",
        "global.log.secretProperties={\"sasl.username\":\"username\",\"sasl.password\":\"password\"}",
        "journey.autoscaling.enabled=false", "journey.nodeSelector={\"pool\":\"patron\"}",
    ];

    /// <summary>The log on PostgreSQL instead of Kafka, and pods annotated for scraping.</summary>
    public static readonly string[] WithoutKafka = ["global.log.adapter=\"postgres\"", "global.metrics.annotations=true"];

    private static readonly string Work = Path.Combine(Path.GetTempPath(), $"patron-charts-{Environment.ProcessId}");
    private static readonly Dictionary<int, Lazy<Task<Helm>>> Helms = Helm.Versions.ToDictionary(
        version => version, version => new Lazy<Task<Helm>>(() => Helm.OpenAsync(version, Path.Combine(Work, $"helm-{version}"), CancellationToken.None)));

    private static readonly Dictionary<string, Lazy<Task<IReadOnlyList<JsonNode>>>> Rendered = new Dictionary<string, string[]>
    {
        ["default"] = [], ["everything"] = Everything, ["without Kafka"] = WithoutKafka,
    }.ToDictionary(r => r.Key, r => new Lazy<Task<IReadOnlyList<JsonNode>>>(async () =>
        await (await HelmAsync(4)).RenderAsync(CancellationToken.None, r.Value)));

    private static readonly Lazy<Task<Dictionary<string, Dictionary<string, string>>>> MadeSecrets = new(MakeSecretsAsync);

    public static IEnumerable<string> Names => Rendered.Keys;

    public static IEnumerable<string> Services => ["profile", "tagging", "loyalty", "segmentation", "journey", "email", "sms", "wechat", "gateway"];

    /// <summary>A folder of this run, deleted at its end.</summary>
    public static string NewFolder(string name) => Directory.CreateDirectory(Path.Combine(Work, name)).FullName;

    public static Task<Helm> HelmAsync(int version) => Helms[version].Value;

    /// <summary>All objects of a deployment.</summary>
    public static Task<IReadOnlyList<JsonNode>> ObjectsAsync(string name) => Rendered[name].Value;

    public static async Task<IReadOnlyList<JsonNode>> ObjectsAsync(string name, string kind) =>
        [.. (await ObjectsAsync(name)).Where(o => o.Text("kind") == kind)];

    /// <summary>Deployments and Jobs.</summary>
    public static async Task<IReadOnlyList<JsonNode>> WorkloadsAsync(string name) =>
        [.. (await ObjectsAsync(name)).Where(o => o.Text("kind") is "Deployment" or "Job")];

    /// <summary>Secret to key to value.</summary>
    public static Task<Dictionary<string, Dictionary<string, string>>> SecretsAsync() => MadeSecrets.Value;

    /// <summary>What make-secrets writes for compose files.</summary>
    public static async Task<Dictionary<string, string>> ComposeVariablesAsync()
    {
        await SecretsAsync();
        return Variables(Path.Combine(Work, "secrets", "compose.env"));
    }

    [OneTimeTearDown]
    public void Delete()
    {
        if (Directory.Exists(Work))
            Directory.Delete(Work, recursive: true);
    }

    private static async Task<Dictionary<string, Dictionary<string, string>>> MakeSecretsAsync()
    {
        Directory.CreateDirectory(Work);
        var folder = Path.Combine(Work, "secrets");
        var made = await Programs.RunAsync(Repository.Path("infra/scripts/make-secrets"), [folder], Work, CancellationToken.None, new Dictionary<string, string>
        {
            ["DATABASE"] = "Host=postgres;Database=patron;Username=patron;Password=secret",
        });
        Assert.That(made.ExitCode, Is.Zero, made.ToString());
        return Directory.EnumerateFiles(Path.Combine(folder, "kubernetes")).ToDictionary(f => Path.GetFileNameWithoutExtension(f), Variables);
    }

    private static Dictionary<string, string> Variables(string file) =>
        File.ReadLines(file).Select(line => line.Split('=', 2)).ToDictionary(parts => parts[0], parts => parts[1]);
}
