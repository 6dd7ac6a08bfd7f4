using System.Text.Json.Nodes;
using NUnit.Framework;

namespace Patron.Charts.Tests.Kubernetes;

[TestFixture]
internal sealed class SettingTests
{
    private static IEnumerable<TestCaseData> EveryService =>
        Deployments.Names.SelectMany(name => Deployments.Services.Select(service => new TestCaseData(name, service)));

    [TestCaseSource(nameof(EveryService))]
    public async Task A_service_would_start_with_what_its_pod_and_its_Secrets_say_and_looks_at_all_of_it(string deployment, string service) =>
        Assert.That(await ServiceStart.CheckAsync(service, await VariablesAsync(deployment, service)), Is.Empty);

    [TestCase("profile", "PATRON_VAULT__MASTERKEY", null)]
    [TestCase("profile", "PATRON_VAULT__MASTERKEY", "short")]
    [TestCase("loyalty", "PATRON_DATABASE", null)]
    [TestCase("loyalty", "PATRON_COUPONS__MASTERKEY", "short")]
    [TestCase("email", "PATRON_EMAIL__RECIPIENTKEY", null)]
    [TestCase("email", "PATRON_LINKS__KEYS__k1", null)]
    [TestCase("email", "PATRON_EMAIL__SMPT__HOST", "relay")]
    [TestCase("gateway", "PATRON_LINKS__CURRENT", "k2")]
    [TestCase("gateway", "PATRON_RUNTIME__PARTITIONS", "64")]
    [TestCase("tagging", "PATRON_TAGGING__ZON", "Europe/London")]
    [TestCase("tagging", "PATRON_LOG__BOOTSTRAP", null)]
    [TestCase("sms", "PATRON_SMS__PROVIDER", "x")]
    [TestCase("journey", "PATRON_HTTP__PROT", "8080")]
    public async Task A_setting_that_is_missing_wrong_or_unknown_is_seen(string service, string variable, string? value)
    {
        var variables = await VariablesAsync("default", service);
        if (value is null)
            Assert.That(variables.Remove(variable), Is.True);
        else
            variables[variable] = value;
        Assert.That(await ServiceStart.CheckAsync(service, variables), Is.Not.Empty);
    }

    [Test]
    public async Task Whoever_calls_another_service_brings_a_key_that_it_accepts_for_what_is_asked()
    {
        (string Caller, string Key, string Callee, string Scope)[] calls =
        [
            ("email", "PATRON_KEYS__APIKEY", "profile", "keys"), ("email", "PATRON_PEERS__APIKEY", "profile", "ingest"),
            ("profile", "PATRON_PEERS__APIKEY", "email", "write"), ("wechat", "PATRON_PEERS__APIKEY", "profile", "ingest"),
            .. Deployments.Services.Except(["gateway"]).Select(callee => ("gateway", "PATRON_PEERS__APIKEY", callee, "read")),
        ];
        foreach (var (caller, key, callee, scope) in calls)
        {
            var hash = Runtime.Hosting.ApiKey.HashOf((await VariablesAsync("default", caller))[key]);
            var accepted = await VariablesAsync("default", callee);
            var name = accepted.Single(v => v.Key.EndsWith("__HASH", StringComparison.Ordinal) && v.Value == hash).Key.Split("__")[2];
            var scopes = accepted.Where(v => v.Key.StartsWith($"PATRON_API__KEYS__{name}__SCOPES__", StringComparison.Ordinal)).Select(v => v.Value);
            Assert.That(scopes, Has.Member(scope), $"{caller} to {callee}");
        }
    }

    [Test]
    public async Task The_partners_door_is_open_and_the_log_takes_client_properties()
    {
        var loyalty = await VariablesAsync("everything", "loyalty");
        Assert.That(loyalty["PATRON_GRPC__PORT"], Is.EqualTo("8081"));
        Assert.That(loyalty["PATRON_LOG__PROPERTIES__security.protocol"], Is.EqualTo("SASL_SSL"));
        Assert.That(loyalty["PATRON_LOG__PROPERTIES__sasl.password"], Is.EqualTo("patron-log/password"));
    }

    private static async Task<Dictionary<string, string>> VariablesAsync(string deployment, string service)
    {
        var pod = (await Deployments.ObjectsAsync(deployment, "Deployment")).Single(d => d.Text("metadata.name") == $"patron-{service}");
        var secrets = await Deployments.SecretsAsync();
        return pod.Items("spec.template.spec.containers.0.env").ToDictionary(v => v.Text("name")!, v => v.Text("value") ?? Secret(secrets, v));
    }

    // An operator brings the log's account; every other Secret must be one that make-secrets makes.
    private static string Secret(Dictionary<string, Dictionary<string, string>> secrets, JsonNode variable)
    {
        var (name, key) = (variable.Text("valueFrom.secretKeyRef.name")!, variable.Text("valueFrom.secretKeyRef.key")!);
        return name == "patron-log" && key != "database" ? $"{name}/{key}" : secrets[name][key];
    }
}
