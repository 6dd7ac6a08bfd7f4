using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Patron.Channels.Email;
using Patron.Channels.Sms;
using Patron.Channels.WeChat;
using Patron.Gateway;
using Patron.Journey;
using Patron.Loyalty;
using Patron.Profile;
using Patron.Runtime.Hosting;
using Patron.Segmentation;
using Patron.Tagging;

namespace Patron.Charts.Tests.Kubernetes;

/// <summary>Checks a service's settings as the service itself does when it starts, short of reaching anything.</summary>
internal static class ServiceStart
{
    private const string Prefix = "PATRON_";

    // Bound when the host is built, where a name that they do not know is already a fault.
    private static readonly string[] SectionsOfTheHost = ["Http", "Grpc", "Drain", "Api", "Links", "Metrics"];

    private static readonly Dictionary<string, (Action<WebApplicationBuilder> Add, Action<WebApplication> Map)> Services = new()
    {
        ["profile"] = (b => b.AddProfile(), a => a.MapProfile()),
        ["tagging"] = (b => b.AddTagging(), a => a.MapTagging()),
        ["loyalty"] = (b => b.AddLoyalty(), a => a.MapLoyalty()),
        ["segmentation"] = (b => b.AddSegmentation(), a => a.MapSegmentation()),
        ["journey"] = (b => b.AddJourney(), a => a.MapJourney()),
        ["email"] = (b => b.AddEmail(), a => a.MapEmail()),
        ["sms"] = (b => b.AddSms(), a => a.MapSms()),
        ["wechat"] = (b => b.AddWeChat(), a => a.MapWeChat()),
        ["gateway"] = (b => b.AddGateway(), a => a.MapGateway()),
    };

    /// <summary>What the service objects to, and the settings that it never looks at; nothing when it would start.</summary>
    public static async Task<IReadOnlyList<string>> CheckAsync(string service, IReadOnlyDictionary<string, string> variables)
    {
        var settings = variables.Where(v => v.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            .ToDictionary(v => v.Key[Prefix.Length..].Replace("__", ":", StringComparison.Ordinal), v => v.Value);
        var looked = new Looked(settings);
        try
        {
            var builder = PatronHost.CreateBuilder([.. settings.Select(s => $"--{s.Key}={s.Value}")], service);
            builder.Configuration.Sources.Add(looked);
            builder.Logging.ClearProviders();
            Services[service].Add(builder);
            await using var app = builder.Build();
            app.MapPatronDefaults();
            Services[service].Map(app);
            foreach (var check in app.Services.GetServices<IHostedService>().OfType<IHostedLifecycleService>())
                await check.StartingAsync(CancellationToken.None);
        }
        catch (StartRefusedException refused)
        {
            return refused.Sentences;
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException)
        {
            // A program tells all faults of its settings before it builds anything; here a service can trip over one first.
            return [fault.Message];
        }

        return [.. settings.Keys.Where(s => !looked.At(s) && !SectionsOfTheHost.Contains(s.Split(':')[0], StringComparer.OrdinalIgnoreCase))
            .Select(s => $"{service} never looks at {s}.")];
    }

    /// <summary>The same values once more, over the others, that notes which ones are asked for.</summary>
    private sealed class Looked : ConfigurationProvider, IConfigurationSource
    {
        private readonly HashSet<string> keys = new(StringComparer.OrdinalIgnoreCase);

        public Looked(IReadOnlyDictionary<string, string> values)
        {
            foreach (var (key, value) in values)
                Data[key] = value;
        }

        public bool At(string key) => keys.Contains(key);

        public override bool TryGet(string key, out string? value)
        {
            var found = base.TryGet(key, out value);
            if (found)
                keys.Add(key);
            return found;
        }

        public IConfigurationProvider Build(IConfigurationBuilder builder) => this;
    }
}
