using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;

namespace Patron.Runtime.Hosting;

/// <summary>Tells an operator where a setting comes from.</summary>
internal static class SettingSource
{
    public const string EnvironmentPrefix = "PATRON_";

    /// <summary>Where the value in force was set; the provider added last wins.</summary>
    public static string Of(IConfiguration configuration, string key)
    {
        var providers = (configuration as IConfigurationRoot)?.Providers.Reverse() ?? [];
        return providers.FirstOrDefault(p => p.TryGet(key, out _)) switch
        {
            EnvironmentVariablesConfigurationProvider => $"set by the environment variable {Variable(key)}",
            CommandLineConfigurationProvider => $"set on the command line by --{key}",
            JsonConfigurationProvider file => $"set in {file.Source.Path}",
            _ => "set by the program",
        };
    }

    /// <summary>How to set it.</summary>
    public static string Ways(string key) => $"--{key}=… or {Variable(key)}=…";

    private static string Variable(string key) => EnvironmentPrefix + key.Replace(":", "__", StringComparison.Ordinal).ToUpperInvariant();
}
