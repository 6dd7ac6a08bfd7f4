using System.Text.Json.Nodes;
using NUnit.Framework;

namespace Patron.Charts.Tests.Kubernetes;

[TestFixture]
internal sealed class PodTests
{
    /// <summary>Ways to break a pod, as a path in its object and the JSON to put there; null takes it away.</summary>
    private static readonly (string Path, string? Json)[] Faults =
    [
        ("spec.template.spec.automountServiceAccountToken", "true"),
        ("spec.template.spec.hostNetwork", "true"),
        ("spec.template.spec.securityContext.runAsUser", "0"),
        ("spec.template.spec.securityContext.seccompProfile", null),
        ("spec.template.spec.volumes.0", """{"name":"host","hostPath":{"path":"/"}}"""),
        ("spec.template.spec.containers.0.securityContext.readOnlyRootFilesystem", "false"),
        ("spec.template.spec.containers.0.securityContext.allowPrivilegeEscalation", null),
        ("spec.template.spec.containers.0.securityContext.capabilities.drop", """["NET_RAW"]"""),
        ("spec.template.spec.containers.0.securityContext.capabilities.add", """["SYS_ADMIN"]"""),
        ("spec.template.spec.containers.0.image", "\"patron/loyalty:latest\""),
        ("spec.template.spec.containers.0.image", "\"registry:5000/patron/loyalty\""),
        ("spec.template.spec.containers.0.resources.limits.memory", null),
        ("spec.template.spec.containers.0.readinessProbe.httpGet.path", "\"/health/live\""),
        ("spec.template.spec.containers.0.startupProbe", null),
        ("spec.template.spec.containers.0.env.0", """{"name":"PATRON_DATABASE","value":"Host=db;Password=x"}"""),
        ("spec.template.spec.terminationGracePeriodSeconds", "30"),
        ("spec.template.spec.topologySpreadConstraints", null),
        ("spec.strategy.rollingUpdate.maxUnavailable", "1"),
    ];

    private static IEnumerable<TestCaseData> Planted => Faults.Select(f => new TestCaseData(f.Path, f.Json).SetArgDisplayNames(f.Path, f.Json ?? "nothing"));

    [TestCaseSource(typeof(Deployments), nameof(Deployments.Names))]
    public async Task Every_pod_is_restricted_probed_and_bounded(string deployment)
    {
        var workloads = await Deployments.WorkloadsAsync(deployment);
        Assert.That(workloads, Has.Count.EqualTo(9 + 8));
        Assert.That(workloads.SelectMany(PodPolicy.Offences), Is.Empty);
    }

    [TestCaseSource(nameof(Planted))]
    public async Task A_fault_in_a_pod_is_seen(string path, string? json)
    {
        var workload = (await Deployments.ObjectsAsync("default", "Deployment")).First(d => d.Text("metadata.name") == "patron-loyalty").DeepClone();
        var steps = path.Split('.');
        var parent = workload.At(string.Join('.', steps[..^1]));
        if (parent is JsonArray list)
            list[0] = JsonNode.Parse(json!);
        else if (json is null)
            Assert.That(parent!.AsObject().Remove(steps[^1]), Is.True, "there was nothing to take away");
        else
            parent!.AsObject()[steps[^1]] = JsonNode.Parse(json);
        Assert.That(PodPolicy.Offences(workload), Is.Not.Empty);
    }

    [Test]
    public async Task No_object_holds_a_secret_or_makes_one()
    {
        foreach (var name in Deployments.Names)
            Assert.That((await Deployments.ObjectsAsync(name)).Select(o => o.Text("kind")), Has.None.EqualTo("Secret"));
    }

    [TestCaseSource(typeof(Deployments), nameof(Deployments.Names))]
    public async Task Each_service_has_a_budget_an_address_and_an_autoscaler_that_find_its_pods(string deployment)
    {
        var deployments = await Deployments.ObjectsAsync(deployment, "Deployment");
        Assert.That(deployments.Select(d => d.Text("metadata.name")), Is.EquivalentTo(Deployments.Services.Select(s => $"patron-{s}")));
        var budgets = await Deployments.ObjectsAsync(deployment, "PodDisruptionBudget");
        var services = await Deployments.ObjectsAsync(deployment, "Service");
        var scalers = await Deployments.ObjectsAsync(deployment, "HorizontalPodAutoscaler");
        Assert.Multiple(() =>
        {
            foreach (var one in deployments)
            {
                var name = one.Text("metadata.name");
                Assert.That(budgets.Count(b => Selects(b, "spec.selector.matchLabels", one) && b.Text("spec.maxUnavailable") == "1"), Is.EqualTo(1), name);
                var service = services.Single(s => s.Text("metadata.name") == name);
                Assert.That(Selects(service, "spec.selector", one), Is.True, name);
                var ports = one.Items("spec.template.spec.containers.0.ports").Select(p => p.Text("name"));
                Assert.That(service.Items("spec.ports").Select(p => p.Text("targetPort")), Is.EquivalentTo(ports), name);
                var scaler = scalers.SingleOrDefault(s => s.Text("spec.scaleTargetRef.name") == name);
                Assert.That(one.At("spec.replicas") is null, Is.EqualTo(scaler is not null), $"{name} is scaled twice, or not at all");
            }
            Assert.That(scalers.Select(s => s.Text("spec.scaleTargetRef.name")), Is.SubsetOf(deployments.Select(d => d.Text("metadata.name"))));
        });
    }

    [TestCaseSource(typeof(Deployments), nameof(Deployments.Names))]
    public async Task Each_service_with_a_store_is_migrated_before_its_new_pods_start(string deployment)
    {
        var jobs = await Deployments.ObjectsAsync(deployment, "Job");
        Assert.That(jobs.Select(j => j.Text("metadata.name")), Is.EquivalentTo(Deployments.Services.Except(["gateway"]).Select(s => $"patron-{s}-migrate")));
        var servers = (await Deployments.ObjectsAsync(deployment, "Deployment")).ToDictionary(d => d.Text("metadata.name")!);
        Assert.Multiple(() =>
        {
            foreach (var job in jobs)
            {
                var server = servers[job.Text("metadata.name")!.Replace("-migrate", "", StringComparison.Ordinal)];
                const string Container = "spec.template.spec.containers.0";
                Assert.That(job.Fields("metadata.annotations").First(a => a.Name == "helm.sh/hook").Value!.ToString(), Is.EqualTo("pre-install,pre-upgrade"));
                Assert.That(job.At($"{Container}.args")!.ToJsonString(), Is.EqualTo("""["--migrate"]"""));
                Assert.That(job.Text($"{Container}.image"), Is.EqualTo(server.Text($"{Container}.image")));
                Assert.That(job.At($"{Container}.env")!.ToJsonString(), Is.EqualTo(server.At($"{Container}.env")!.ToJsonString()));
                Assert.That(job.At("spec.activeDeadlineSeconds"), Is.Not.Null);
            }
        });
    }

    private static bool Selects(JsonNode selecting, string path, JsonNode workload) =>
        selecting.Texts(path) is { Count: > 0 } labels && labels.All(workload.Texts("spec.template.metadata.labels").Contains);
}
