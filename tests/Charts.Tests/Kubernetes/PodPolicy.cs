using System.Text.Json.Nodes;

namespace Patron.Charts.Tests.Kubernetes;

/// <summary>What every workload must keep to; each rule answers a sentence for each offence.</summary>
internal static class PodPolicy
{
    // Restricted fields of the Pod Security Standards that a pod must not set at all.
    private static readonly string[] Forbidden = ["hostNetwork", "hostPID", "hostIPC", "hostUsers", "ephemeralContainers"];

    // The bounds of the hosting code, in seconds: its own drain is followed by what the process needs to end.
    private const int EndsWithin = 5;

    public static IEnumerable<string> Offences(JsonNode workload)
    {
        var pod = workload.At("spec.template.spec")!;
        var all = OfPod(pod).Concat(pod.Items("containers").Concat(pod.Items("initContainers")).SelectMany(OfContainer));
        if (workload.Text("kind") == "Deployment")
            all = all.Concat(OfServer(workload));
        return all.Select(o => $"{workload.Text("kind")} {workload.Text("metadata.name")}: {o}");
    }

    private static IEnumerable<string> OfPod(JsonNode pod)
    {
        if (pod.Text("automountServiceAccountToken") != "false")
            yield return "it mounts a token of its service account";
        if (pod.Text("securityContext.runAsNonRoot") != "true" || pod.Text("securityContext.runAsUser") is null or "0")
            yield return "it may run as root";
        if (pod.Text("securityContext.seccompProfile.type") != "RuntimeDefault")
            yield return "it has no seccomp profile";
        foreach (var field in Forbidden.Where(f => pod.At(f) is not null))
            yield return $"it sets {field}";
        foreach (var volume in pod.Items("volumes").Where(v => v.At("emptyDir.sizeLimit") is null))
            yield return $"volume {volume.Text("name")} is not an emptyDir with a limit";
    }

    private static IEnumerable<string> OfContainer(JsonNode container)
    {
        var security = container.At("securityContext");
        (string Path, string Value)[] wanted =
        [
            ("allowPrivilegeEscalation", "false"), ("privileged", "false"), ("readOnlyRootFilesystem", "true"), ("runAsNonRoot", "true"),
            ("seccompProfile.type", "RuntimeDefault"), ("capabilities.drop", "[\"ALL\"]"),
        ];
        foreach (var (path, value) in wanted)
        {
            if ((security.At(path) is JsonArray list ? list.ToJsonString() : security.Text(path)) != value)
                yield return $"securityContext.{path} is not {value}";
        }
        if (security.At("capabilities.add") is not null)
            yield return "it adds capabilities";
        if (!IsPinned(container.Text("image") ?? ""))
            yield return $"image {container.Text("image")} names no version";
        foreach (var path in new[] { "requests.cpu", "requests.memory", "limits.cpu", "limits.memory" }.Where(p => container.At($"resources.{p}") is null))
            yield return $"resources.{path} is missing";
        foreach (var variable in container.Items("env").Where(v => v.At("value") is not null && IsSecret(v.Text("name")!)))
            yield return $"{variable.Text("name")} has a secret's value instead of a reference";
        foreach (var variable in container.Items("env").GroupBy(v => v.Text("name"), StringComparer.OrdinalIgnoreCase).Where(g => g.Count() > 1))
            yield return $"{variable.Key} is set twice";
    }

    private static IEnumerable<string> OfServer(JsonNode deployment)
    {
        var pod = deployment.At("spec.template.spec")!;
        var container = pod.At("containers.0");
        foreach (var (probe, path) in new[] { ("startupProbe", "started"), ("livenessProbe", "live"), ("readinessProbe", "ready") })
        {
            if (container.Text($"{probe}.httpGet.path") != $"/health/{path}" || container.Text($"{probe}.httpGet.port") != "http")
                yield return $"{probe} does not ask /health/{path}";
        }
        var drain = Seconds(container, "PATRON_DRAIN__READINESSDELAY") + Seconds(container, "PATRON_DRAIN__GRACEPERIOD");
        if (!(pod.At("terminationGracePeriodSeconds")?.GetValue<long>() >= drain + EndsWithin))
            yield return $"it is killed before it has drained for {drain} s";
        var selector = deployment.At("spec.selector.matchLabels")?.ToJsonString();
        var spread = pod.Items("topologySpreadConstraints").Where(c => c.At("labelSelector.matchLabels")?.ToJsonString() == selector).ToList();
        if (!spread.Exists(c => c.Text("topologyKey") == "kubernetes.io/hostname"))
            yield return "its pods are not spread over nodes";
        if (deployment.Text("spec.strategy.rollingUpdate.maxUnavailable") != "0")
            yield return "an upgrade takes pods away before new ones are ready";
    }

    public static bool IsPinned(string image)
    {
        if (image.Contains("@sha256:", StringComparison.Ordinal))
            return true;
        var tag = image[(image.LastIndexOf('/') + 1)..].Split(':');
        return tag.Length == 2 && tag[1].Any(char.IsAsciiDigit) && tag[1] is not "latest";
    }

    /// <summary>True when a setting of this name holds a secret.</summary>
    public static bool IsSecret(string variable)
    {
        string[] words = ["DATABASE", "MASTERKEY", "FORMERKEY", "IDENTIFIERKEY", "RECIPIENTKEY", "SNAPSHOTKEY", "APIKEY", "PASSWORD", "__HASH", "LINKS__KEYS"];
        return words.Any(word => variable.Contains(word, StringComparison.OrdinalIgnoreCase));
    }

    private static double Seconds(JsonNode? container, string variable) =>
        TimeSpan.TryParse(container.Items("env").FirstOrDefault(v => v.Text("name") == variable).Text("value"), out var time) ? time.TotalSeconds : double.NaN;
}
