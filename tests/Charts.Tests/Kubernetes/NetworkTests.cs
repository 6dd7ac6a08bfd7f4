using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace Patron.Charts.Tests.Kubernetes;

[TestFixture]
internal sealed partial class NetworkTests
{
    [TestCaseSource(typeof(Deployments), nameof(Deployments.Names))]
    public async Task Every_pod_is_denied_what_its_own_policy_does_not_allow(string deployment)
    {
        var policies = await Deployments.ObjectsAsync(deployment, "NetworkPolicy");
        foreach (var workload in await Deployments.WorkloadsAsync(deployment))
        {
            var own = policies.Where(p => Selects(p, workload)).ToList();
            Assert.That(own.Select(p => p.Text("metadata.name")), Is.EquivalentTo(["patron-default-deny", workload.Text("metadata.name")]));
            Assert.That(own.Select(p => p.At("spec.policyTypes")!.ToJsonString()), Is.All.EqualTo("""["Ingress","Egress"]"""));
            var deny = own.Single(p => p.Text("metadata.name") == "patron-default-deny");
            Assert.That(deny.At("spec.ingress") ?? deny.At("spec.egress"), Is.Null);
        }
    }

    [TestCaseSource(typeof(Deployments), nameof(Deployments.Names))]
    public async Task No_policy_allows_everybody_or_every_port(string deployment) =>
        Assert.That((await Deployments.ObjectsAsync(deployment, "NetworkPolicy")).SelectMany(Wildcards), Is.Empty);

    [TestCase("""{"egress":[{}]}""")]
    [TestCase("""{"egress":[{"to":[{"ipBlock":{"cidr":"0.0.0.0/0"}}],"ports":[{"port":443}]}]}""")]
    [TestCase("""{"egress":[{"to":[{"namespaceSelector":{}}],"ports":[{"port":443}]}]}""")]
    [TestCase("""{"egress":[{"to":[{"podSelector":{"matchLabels":{"a":"b"}}}]}]}""")]
    [TestCase("""{"ingress":[{"ports":[{"port":8080}]}]}""")]
    public void A_policy_that_allows_too_much_is_seen(string spec) =>
        Assert.That(Wildcards(new JsonObject { ["spec"] = JsonNode.Parse(spec) }), Is.Not.Empty);

    [TestCaseSource(typeof(Deployments), nameof(Deployments.Names))]
    public async Task Services_reach_exactly_the_peers_in_their_settings_and_these_let_them_in(string deployment)
    {
        var policies = await Deployments.ObjectsAsync(deployment, "NetworkPolicy");
        var services = await Deployments.ObjectsAsync(deployment, "Service");
        var deployments = await Deployments.ObjectsAsync(deployment, "Deployment");
        foreach (var caller in deployments)
        {
            var addresses = caller.Items("spec.template.spec.containers.0.env")
                .Where(v => Peer().IsMatch(v.Text("name")!) && v.At("value") is not null)
                .Select(v => new Uri(v.Text("value")!)).ToList();
            foreach (var address in addresses)
            {
                var service = services.Single(s => s.Text("metadata.name") == address.Host);
                Assert.That(service.Items("spec.ports").Select(p => p.Text("port")), Has.Member($"{address.Port}"));
            }
            var names = addresses.Select(a => a.Host.Replace("-instances", "", StringComparison.Ordinal)).ToList();
            var reached = deployments.Where(callee => Reaches(policies, caller, callee)).Select(d => d.Text("metadata.name"));
            Assert.That(reached, Is.EquivalentTo(names), caller.Text("metadata.name"));
            var lettingIn = deployments.Where(callee => LetsIn(policies, caller, callee)).Select(d => d.Text("metadata.name"));
            Assert.That(lettingIn, Is.EquivalentTo(names), caller.Text("metadata.name"));
        }
    }

    [Test]
    public async Task Only_who_needs_them_reaches_the_database_the_log_mail_and_the_collector()
    {
        Assert.That(await EgressPortsAsync("default", "patron-tagging"), Is.EquivalentTo(["53", "5432", "9092"]));
        Assert.That(await EgressPortsAsync("default", "patron-loyalty"), Is.EquivalentTo(["53", "5432", "9092", "http"]), "profile, for partners");
        Assert.That(await EgressPortsAsync("default", "patron-email"), Is.EquivalentTo(["53", "5432", "9092", "http", "25"]));
        Assert.That(await EgressPortsAsync("default", "patron-gateway"), Is.EquivalentTo(["53", "http"]));
        Assert.That(await EgressPortsAsync("default", "patron-loyalty-migrate"), Is.EquivalentTo(["53", "5432", "9092"]));
        Assert.That(await EgressPortsAsync("everything", "patron-tagging"), Is.EquivalentTo(["53", "5432", "9092", "4317"]));
        Assert.That(await EgressPortsAsync("without Kafka", "patron-tagging"), Is.EquivalentTo(["53", "5432"]));
    }

    [Test]
    public async Task From_outside_only_the_paths_for_people_and_partners_can_be_reached()
    {
        Assert.That(await Deployments.ObjectsAsync("default", "Ingress"), Is.Empty);
        var ingresses = await Deployments.ObjectsAsync("everything", "Ingress");
        Assert.That(
            ingresses.SelectMany(i => i.Items("spec.rules.0.http.paths"))
                .Select(p => $"{p.Text("backend.service.name")} {p.Text("pathType")} {p.Text("path")}"),
            Is.EquivalentTo([
                "patron-email Exact /v1/email/unsubscribe", "patron-profile Exact /v1/events", "patron-profile Prefix /v1/segment",
                "patron-profile Exact /v1/preferences", "patron-profile Exact /v1/opt-in",
                "patron-gateway Exact /", "patron-gateway Prefix /customers/", "patron-gateway Prefix /v1/gateway/"]));
        Assert.That(ingresses.Select(i => i.Text("spec.tls.0.hosts.0")), Is.EqualTo(ingresses.Select(i => i.Text("spec.rules.0.host"))));
        var policies = await Deployments.ObjectsAsync("everything", "NetworkPolicy");
        var open = policies.Where(p => p.Items("spec.ingress").SelectMany(r => r.Items("from"))
            .Any(f => f.ToJsonString().Contains("ingress-nginx", StringComparison.Ordinal)));
        Assert.That(open.Select(p => p.Text("metadata.name")), Is.EquivalentTo(["patron-email", "patron-gateway", "patron-profile"]));
    }

    private static async Task<IEnumerable<string>> EgressPortsAsync(string deployment, string name) =>
        (await Deployments.ObjectsAsync(deployment, "NetworkPolicy")).Single(p => p.Text("metadata.name") == name)
            .Items("spec.egress").SelectMany(rule => rule.Items("ports")).Select(p => p.Text("port")!).Distinct();

    private static IEnumerable<string> Wildcards(JsonNode policy)
    {
        foreach (var (direction, peers) in new[] { ("egress", "to"), ("ingress", "from") })
        {
            foreach (var rule in policy.Items($"spec.{direction}"))
            {
                var allowed = rule.Items(peers).ToList();
                if (allowed.Count == 0 || allowed.Exists(IsAnybody))
                    yield return $"{policy.Text("metadata.name")}: {direction} with anybody";
                if (!rule.Items("ports").Any() || rule.Items("ports").Any(p => p.At("port") is null))
                    yield return $"{policy.Text("metadata.name")}: {direction} on any port";
            }
        }
    }

    // Of other services, and of its own instances.
    [GeneratedRegex("^PATRON_(PEERS__|SEGMENTATION__PEERS$)")]
    private static partial Regex Peer();

    private static bool IsAnybody(JsonNode peer) =>
        peer.Text("ipBlock.cidr")?.EndsWith("/0", StringComparison.Ordinal) == true
        || (peer.At("ipBlock") is null && !Labels(peer).Any());

    private static IEnumerable<(string Name, JsonNode? Value)> Labels(JsonNode peer) =>
        peer.Fields("podSelector.matchLabels").Concat(peer.Fields("namespaceSelector.matchLabels"));

    private static bool Selects(JsonNode policy, JsonNode workload) => Matches(policy.Texts("spec.podSelector.matchLabels"), workload);

    private static bool Matches(Dictionary<string, string> labels, JsonNode workload) =>
        labels.Count > 0 && labels.All(workload.Texts("spec.template.metadata.labels").Contains);

    private static bool Reaches(IEnumerable<JsonNode> policies, JsonNode caller, JsonNode callee) => policies.Where(p => Selects(p, caller))
        .SelectMany(p => p.Items("spec.egress")).SelectMany(r => r.Items("to")).Any(t => Matches(t.Texts("podSelector.matchLabels"), callee));

    private static bool LetsIn(IEnumerable<JsonNode> policies, JsonNode caller, JsonNode callee) => policies.Where(p => Selects(p, callee))
        .SelectMany(p => p.Items("spec.ingress")).SelectMany(r => r.Items("from")).Any(f => Matches(f.Texts("podSelector.matchLabels"), caller));
}
