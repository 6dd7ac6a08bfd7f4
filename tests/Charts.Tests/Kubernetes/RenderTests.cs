using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.Charts.Tests.Kubernetes;

[TestFixture]
internal sealed class RenderTests
{
    // The chart's own custom resource is of the Prometheus operator, whose types are in no package here.
    private const string ForeignKind = "ServiceMonitor";

    /// <summary>What somebody might set wrongly, and words that the refusal must have.</summary>
    private static readonly (string Set, string[] Words)[] Wrong =
    [
        ("loyalty.replcas=3", ["loyalty", "replcas"]),
        ("global.log.adapter=\"rabbit\"", ["log", "adapter", "kafka", "postgres"]),
        ("global.log.bootstrap=\"kafka\"", ["log", "bootstrap"]),
        ("global.runtime.partitions=0", ["runtime", "partitions", "1"]),
        ("global.image.tag=\"latest\"", ["global.image.tag", "names no version"]),
        ("loyalty.settings={\"Vault:MasterKey\":\"x\"}", ["Vault:MasterKey", "secretSettings"]),
        ("global.log.properties={\"sasl.password\":\"x\"}", ["sasl.password", "secretProperties"]),
        ("global.network.postgres.to=[{\"ipBlock\":{\"cidr\":\"0.0.0.0/0\"}}]", ["global.network.postgres", "everybody"]),
        ("global.network.kafka.to=[]", ["network", "kafka", "to"]),
        ("global.network.dns.to=[{\"namespaceSelector\":{}}]", ["network", "dns", "namespaceSelector"]),
        ("loyalty.autoscaling.maxReplicas=65", ["loyalty", "65", "64", "without a partition"]),
        ("tagging.autoscaling.minReplicas=9", ["tagging", "minReplicas", "maxReplicas"]),
        ("profile.callers=[{\"name\":\"x\",\"scopes\":[\"all\"]}]", ["profile", "scopes", "ingest"]),
        ("email.ingress={\"enabled\":true,\"host\":\"\"}", ["email", "ingress", "host"]),
        ("global.peers={\"gateway\":[\"billing\"]}", ["peers", "gateway", "profile"]),
        ("global.drain.graceSeconds=0", ["drain", "graceSeconds"]),
    ];

    private static IEnumerable<TestCaseData> WrongValues => Helm.Versions.SelectMany(version =>
        Wrong.Select(w => new TestCaseData(version, w.Set, w.Words).SetArgDisplayNames($"helm {version}", w.Set)));

    [TestCaseSource(typeof(Helm), nameof(Helm.Versions))]
    public async Task Helm_finds_nothing_to_object_to(int version)
    {
        var helm = await Deployments.HelmAsync(version);
        var linted = await helm.RunAsync(["lint", "--strict", helm.Chart], CancellationToken.None);
        Assert.That(linted.ExitCode, Is.Zero, linted.ToString());
        Assert.That(linted.Output, Does.Not.Contain("[WARNING]").And.Not.Contain("[ERROR]"));
    }

    [TestCaseSource(typeof(Deployments), nameof(Deployments.Names))]
    public async Task Both_versions_of_Helm_render_the_same(string deployment)
    {
        var set = deployment switch { "everything" => Deployments.Everything, "without Kafka" => Deployments.WithoutKafka, _ => [] };
        var older = await (await Deployments.HelmAsync(3)).RenderAsync(CancellationToken.None, set);
        Assert.That(older.Select(o => o.ToJsonString()), Is.EquivalentTo((await Deployments.ObjectsAsync(deployment)).Select(o => o.ToJsonString())));
    }

    [TestCaseSource(nameof(WrongValues))]
    public async Task A_wrong_value_is_refused_by_name(int version, string set, string[] words)
    {
        var refused = await (await Deployments.HelmAsync(version)).TemplateAsync(CancellationToken.None, set);
        Assert.That(refused.ExitCode, Is.Not.Zero);
        Assert.That(words.Where(word => !refused.Errors.Contains(word, StringComparison.Ordinal)), Is.Empty, refused.Errors);
    }

    [Test]
    public async Task The_chart_can_be_packaged_with_everything_in_it()
    {
        var helm = await Deployments.HelmAsync(4);
        var folder = Deployments.NewFolder("package");
        var packed = await helm.RunAsync(["package", helm.Chart, "--destination", folder], CancellationToken.None);
        Assert.That(packed.ExitCode, Is.Zero, packed.ToString());
        var rendered = await helm.RunAsync(["template", "patron", Path.Combine(folder, "patron-0.1.0.tgz"), "--namespace", "brand"], CancellationToken.None);
        Assert.That(Yaml.Read(rendered.Output), Has.Count.EqualTo((await Deployments.ObjectsAsync("default")).Count));
    }

    [Test]
    public async Task A_service_that_is_not_wanted_leaves_nothing()
    {
        var objects = await (await Deployments.HelmAsync(4)).RenderAsync(CancellationToken.None, "wechat.enabled=false");
        Assert.That(objects.Select(o => o.Text("metadata.name")!), Has.None.Contain("wechat").And.Some.Contain("sms"));
    }

    [Test]
    public async Task Every_object_has_only_fields_that_Kubernetes_knows_with_values_of_their_types()
    {
        var objects = new List<JsonNode>();
        foreach (var name in Deployments.Names)
            objects.AddRange((await Deployments.ObjectsAsync(name)).Where(o => o.Text("kind") != ForeignKind));
        var folder = Path.Combine(Helm.Tools, "node_modules", $".patron-types-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "rendered.ts"), TypeScript(objects));
            await File.WriteAllTextAsync(Path.Combine(folder, "planted.ts"), Planted);
            await File.WriteAllTextAsync(Path.Combine(folder, "tsconfig.json"), """
                {
                  "compilerOptions": {
                    "strict": true, "noEmit": true, "skipLibCheck": true, "module": "esnext", "moduleResolution": "bundler", "target": "es2022", "types": []
                  }
                }
                """);
            await using var tsc = NodeTool.StartScript(Helm.Tools, "node_modules/typescript/bin/tsc", "--project", folder);
            var exit = await tsc.WaitForExitAsync(TimeSpan.FromMinutes(2), CancellationToken.None);
            Assert.That(exit, Is.Zero, tsc.Output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // The compiler must object to each of these, or it would not object to anything.
    private const string Planted = """
        import type { IService } from 'kubernetes-models/v1/Service'
        import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
        // @ts-expect-error: no such field
        export const unknownField: IService = {"apiVersion":"v1","kind":"Service","spec":{"portz":[]}}
        // @ts-expect-error: a port is a number
        export const wrongType: IService = {"apiVersion":"v1","kind":"Service","spec":{"ports":[{"port":"80"}]}}
        // @ts-expect-error: not a policy type
        export const wrongWord: INetworkPolicy = {"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","spec":{"podSelector":{},"policyTypes":[1]}}
        """;

    private static string TypeScript(IEnumerable<JsonNode> objects)
    {
        var distinct = objects.Select(o => o.ToJsonString()).Distinct().Select(o => JsonNode.Parse(o)!).ToList();
        var imports = distinct.Select(o => $"import type {{ I{o.Text("kind")} }} from 'kubernetes-models/{o.Text("apiVersion")}/{o.Text("kind")}'").Distinct();
        var constants = distinct.Index().Select(o => $"export const o{o.Index}: I{o.Item.Text("kind")} = {o.Item.ToJsonString()}");
        return string.Join('\n', imports.Concat(constants));
    }
}
