using System.Globalization;

namespace Patron.Local;

/// <summary>The server's command line. Settings go there rather than into files, so that nothing of an earlier run lingers.</summary>
internal static class ServerSettings
{
    public static IEnumerable<string> CommandLine(PrivatePostgresOptions options, string program, string data, int port)
    {
        var settings = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["listen_addresses"] = "127.0.0.1",
            ["port"] = Number(port),
            ["unix_socket_directories"] = "",
            ["max_connections"] = Number(options.ConnectionsMax),
            ["shared_buffers"] = $"{Number(options.SharedBuffersMiB)}MB",
            ["work_mem"] = $"{Number(options.WorkMemoryMiB)}MB",
            ["max_wal_size"] = $"{Number(options.WalMiBMax)}MB",
            ["wal_level"] = "minimal",
            ["max_wal_senders"] = "0",
            ["timezone"] = "UTC",
            ["log_timezone"] = "UTC",
            ["jit"] = "off",
        };
        if (!options.Durable)
        {
            // synchronous_commit stays on: without it even a killed server forgets commits, and without fsync it costs next to nothing.
            settings["fsync"] = "off";
            settings["full_page_writes"] = "off";
        }

        foreach (var (name, value) in options.Settings)
            settings[name] = value;
        return [program, "-D", data, .. settings.SelectMany(it => new[] { "-c", $"{it.Key}={it.Value}" })];
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
