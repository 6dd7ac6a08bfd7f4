using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NUnit.Framework;
using Patron.Loyalty;
using Patron.Profile;
using Patron.Testing;

namespace Patron.Charts.Tests.Prometheus;

[TestFixture]
internal sealed partial class RuleTests
{
    private const string Folder = "infra/prometheus";

    // What Prometheus itself knows of every target.
    private static readonly string[] OwnMetrics = ["up"];
    private static readonly string[] OwnLabels = ["job", "instance", "le"];

    private static readonly List<JsonNode> Recorded = Rules("rules.yaml");
    private static readonly List<JsonNode> Alerts = Rules("alerts.yaml");

    [TestCase("check", "rules", "rules.yaml", "alerts.yaml")]
    [TestCase("check", "config", "--syntax-only", "prometheus.yml")]
    [TestCase("test", "rules", "tests/alerts.test.yaml")]
    public async Task Promtool_finds_nothing_wrong(params string[] arguments)
    {
        if (Programs.Find("promtool") is not { } promtool)
        {
            Assert.Ignore("promtool is missing: apt-get install prometheus.");
            return;
        }
        var checkedIt = await Programs.RunAsync(promtool, arguments, Repository.Path(Folder), CancellationToken.None);
        Assert.That(checkedIt.ExitCode, Is.Zero, checkedIt.ToString());
    }

    [Test]
    public void Every_alert_has_a_test_where_it_fires_and_one_where_it_does_not()
    {
        var tests = Yaml.Read(Repository.Text($"{Folder}/tests/alerts.test.yaml")).Single().Items("tests").SelectMany(t => t.Items("alert_rule_test")).ToList();
        var names = Alerts.Select(a => a.Text("alert")).ToList();
        Assert.That(tests.Where(t => t.Items("exp_alerts").Any()).Select(t => t.Text("alertname")), Is.EquivalentTo(names));
        Assert.That(tests.Where(t => !t.Items("exp_alerts").Any()).Select(t => t.Text("alertname")), Is.EquivalentTo(names));
    }

    [Test]
    public void Every_alert_says_what_it_means_and_what_to_do()
    {
        var headings = Repository.Text("infra/operations.md").Split('\n').Where(l => l.StartsWith('#'))
            .Select(l => NotInAnchors().Replace(l.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-')).ToList();
        Assert.Multiple(() =>
        {
            foreach (var alert in Alerts)
            {
                var name = alert.Text("alert");
                Assert.That(alert.Text("labels.severity"), Is.AnyOf("critical", "warning"), name);
                Assert.That(alert.Text("annotations.summary"), Does.Contain("{{ $labels."), name);
                Assert.That(alert.Text("annotations.description"), Does.EndWith("."), name);
                var runbook = alert.Text("annotations.runbook")!.Split(" infra/operations.md#");
                Assert.That(runbook, Has.Length.EqualTo(2), name);
                Assert.That(runbook[0], Does.EndWith("."), name);
                Assert.That(headings, Has.Member(runbook[1]), name);
            }
        });
    }

    [Test]
    public async Task Every_metric_and_label_in_a_rule_is_one_that_a_running_service_prints()
    {
        var (metrics, labels) = await PrintedAsync();
        var expressions = Recorded.Concat(Alerts).Select(r => r.Text("expr")!).ToList();
        string[] known = [.. metrics, .. OwnMetrics, .. Recorded.Select(r => r.Text("record")!)];
        Assert.That(expressions.SelectMany(Expressions.Metrics).Distinct().Except(known), Is.Empty);
        Assert.That(expressions.SelectMany(Expressions.Labels).Distinct().Except([.. labels, .. OwnLabels]), Is.Empty);
    }

    [TestCase("sum by (a) (rate(m_total{b=~\"x|y\"}[5m])) / on(c) group_left(d) max(level:m:sum)", "m_total level:m:sum", "a b c d")]
    [TestCase("up{job=\"x\"} == 0 and m offset 5m > 1e3 unless n", "up m n", "job")]
    public void An_expressions_metrics_and_labels_are_found(string expression, string metrics, string labels)
    {
        Assert.That(Expressions.Metrics(expression), Is.EquivalentTo(metrics.Split(' ')));
        Assert.That(Expressions.Labels(expression), Is.EquivalentTo(labels.Split(' ')));
    }

    [Test]
    public void What_is_scraped_is_every_service_of_the_compose_file()
    {
        var targets = Yaml.Read(Repository.Text($"{Folder}/prometheus.yml")).Single().Items("scrape_configs.0.static_configs.0.targets");
        Assert.That(targets.Select(t => t.ToString()), Is.EquivalentTo(Deployments.Services.Select(s => $"{s}:8080")));
    }

    /// <summary>Names of metrics and labels at /metrics of two services that have done some work.</summary>
    private static async Task<(IReadOnlyList<string> Metrics, IReadOnlyList<string> Labels)> PrintedAsync()
    {
        var (key, cancellation) = (Convert.ToBase64String(new byte[32]), TestContext.CurrentContext.CancellationToken);
        await using var host = await TestHost.StartAsync(
            builder =>
            {
                builder.AddProfile();
                builder.AddLoyalty();
            },
            app =>
            {
                app.MapProfile();
                app.MapLoyalty();
            },
            cancellation,
            settings: new Dictionary<string, string> { ["Vault:MasterKey"] = key, ["Metrics:Public"] = "true" });
        using var purchase = new StringContent(Purchase, Encoding.UTF8, "application/cloudevents+json");
        using var answer = await host.Http.PostAsync(new Uri("/v1/events", UriKind.Relative), purchase, cancellation);
        answer.EnsureSuccessStatusCode();
        await host.DrainAsync(cancellation);
        var page = await host.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellation);
        var lines = page.Split('\n').Where(l => l.Length > 0 && l[0] != '#').ToList();
        return (
            [.. lines.Select(l => l.Split('{', ' ')[0]).Distinct()],
            [.. lines.SelectMany(l => LabelName().Matches(l)).Select(m => m.Groups[1].Value).Distinct()]);
    }

    private static readonly string Purchase = string.Create(CultureInfo.InvariantCulture, $$$"""
        {"specversion": "1.0", "type": "patron.ingest.v1.Purchase", "source": "/pos/london", "id": "r-1", "time": "{{{TestHost.Start:O}}}",
         "data": {"receipt": "r-1", "channel": "CHANNEL_POS", "store": "london", "currency": "GBP", "customer": {"loyaltyCard": "2900000000018"},
                  "lines": [{"product": "85123A", "kind": "LINE_KIND_SALE", "quantity": 2, "amountMinor": "510"}]}}
        """);

    private static List<JsonNode> Rules(string file) =>
        [.. Yaml.Read(Repository.Text($"{Folder}/{file}")).Single().Items("groups").SelectMany(g => g.Items("rules"))];

    [GeneratedRegex(@"[^a-z0-9 -]")]
    private static partial Regex NotInAnchors();

    [GeneratedRegex(@"(\w+)=""")]
    private static partial Regex LabelName();
}
