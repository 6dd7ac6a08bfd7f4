using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NUnit.Framework;
using Patron.Charts.Tests.Kubernetes;

namespace Patron.Charts.Tests.Images;

[TestFixture]
internal sealed partial class ComposeTests
{
    // Its image holds one program that cannot ask itself, and nothing waits for it.
    private const string Unasked = "collector";

    private static readonly JsonNode File = Yaml.Read(Repository.Text("infra/compose.yaml")).Single();

    private static Dictionary<string, JsonNode> Containers => File.Fields("services").ToDictionary(s => s.Name, s => s.Value!);

    [Test]
    public void Every_service_its_migration_and_what_they_need_is_there()
    {
        string[] around = ["postgres", "kafka", "collector", "prometheus"];
        Assert.That(Containers.Keys, Is.EquivalentTo([
            .. Deployments.Services, .. Deployments.Services.Except(["gateway"]).Select(s => $"{s}-migrate"), .. around]));
    }

    [Test]
    public void Images_are_pinned_memory_is_bounded_and_nobody_gains_privileges() => Assert.Multiple(() =>
    {
        foreach (var (name, container) in Containers)
        {
            Assert.That(PodPolicy.IsPinned(Substituted().Replace(container.Text("image")!, "${default}")), Is.True, name);
            Assert.That(container.At("mem_limit"), Is.Not.Null, name);
            Assert.That(container.Items("security_opt").Select(o => o.ToString()), Has.Member("no-new-privileges:true"), name);
            Assert.That(container.At("privileged") ?? container.At("network_mode"), Is.Null, name);
            Assert.That(container.Items("ports").Select(p => p.ToString()), Is.All.StartsWith("127.0.0.1:"), name);
        }
    });

    [Test]
    public void Services_run_restricted_and_stop_within_their_drain() => Assert.Multiple(() =>
    {
        foreach (var name in Deployments.Services)
        {
            var container = Containers[name];
            Assert.That(container.Text("user"), Is.EqualTo("1654:1654"), name);
            Assert.That(container.Text("read_only"), Is.EqualTo("true"), name);
            Assert.That(container.At("cap_drop")!.ToJsonString(), Is.EqualTo("""["ALL"]"""), name);
            Assert.That(container.Text("stop_grace_period"), Is.EqualTo("45s"), name);
            Assert.That(container.Text("environment.PATRON_DRAIN__GRACEPERIOD"), Is.EqualTo("00:00:30"), name);
            Assert.That(container.At("healthcheck.test")!.ToJsonString(), Is.EqualTo("""["CMD","/app/service","--healthy"]"""), name);
            Assert.That(Directory.Exists(Repository.Path(container.Text("build.args.SERVICE")!)), Is.True, name);
        }
    });

    [Test]
    public void Every_container_that_stays_is_asked_for_its_health() =>
        Assert.That(
            Containers.Where(c => !c.Key.EndsWith("-migrate", StringComparison.Ordinal) && c.Key != Unasked)
                .Where(c => c.Value.At("healthcheck.test") is null),
            Is.Empty);

    [Test]
    public void Services_wait_for_their_migration_and_migrations_for_the_database() => Assert.Multiple(() =>
    {
        foreach (var name in Deployments.Services.Except(["gateway"]))
        {
            Assert.That(Containers[name].Text($"depends_on.{name}-migrate.condition"), Is.EqualTo("service_completed_successfully"), name);
            Assert.That(Containers[name].Text("depends_on.kafka.condition"), Is.EqualTo("service_healthy"), name);
            Assert.That(Containers[name].Text("environment.PATRON_RUNTIME__MIGRATEATSTART"), Is.EqualTo("false"), name);
            var migration = Containers[$"{name}-migrate"];
            Assert.That(migration.At("command")!.ToJsonString(), Is.EqualTo("""["--migrate"]"""), name);
            Assert.That(migration.Text("restart"), Is.EqualTo("no"), name);
            Assert.That(migration.Text("depends_on.postgres.condition"), Is.EqualTo("service_healthy"), name);
            Assert.That(migration.At("environment")!.ToJsonString(), Is.EqualTo(Containers[name].At("environment")!.ToJsonString()), name);
        }
    });

    [TestCaseSource(typeof(Deployments), nameof(Deployments.Services))]
    public async Task A_service_would_start_with_what_the_file_says_and_looks_at_all_of_it(string service)
    {
        var made = await Deployments.ComposeVariablesAsync();
        var variables = Containers[service].Texts("environment").ToDictionary(v => v.Key, v => Required().Replace(v.Value, m => made[m.Groups["name"].Value]));
        Assert.That(await ServiceStart.CheckAsync(service, variables), Is.Empty);
    }

    [Test]
    public void No_secret_stands_in_the_file() =>
        Assert.That(
            Containers.SelectMany(c => c.Value.Texts("environment").Where(e => PodPolicy.IsSecret(e.Key) && !Required().IsMatch(e.Value))), Is.Empty);

    [Test]
    public void Files_that_are_mounted_exist() =>
        Assert.That(
            Containers.SelectMany(c => c.Value.Items("volumes")).Select(v => v.ToString().Split(':')[0])
                .Where(v => v.StartsWith("./", StringComparison.Ordinal)).Where(v => !Path.Exists(Repository.Path($"infra/{v}"))),
            Is.Empty);

    [GeneratedRegex(@"\$\{(?<name>\w+):\?[^}]*\}")]
    private static partial Regex Required();

    [GeneratedRegex(@"\$\{\w+:-(?<default>[^}]*)\}")]
    private static partial Regex Substituted();
}
