using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Patron.Testing;

/// <summary>
/// A real Apache Kafka for tests: the running one that KAFKA_BOOTSTRAP names, or one broker for this process from the distribution that
/// KAFKA_HOME names, on free ports with its data in a temporary folder. A shell beside it reads from a pipe that we hold: it stops the
/// broker and deletes the folder when this process ends, however it ends.
/// </summary>
public static class KafkaBroker
{
    /// <summary>What to do where there is none, in one line.</summary>
    public const string HowToGet =
        "Real Apache Kafka was not tested: set KAFKA_BOOTSTRAP=host:port of a running one, or KAFKA_HOME to an unpacked distribution (needs Java 17).";

    // Ours: a folder with one script. It wipes what it started.
    private const string ScriptLayout = """
        "$1/kafka" start >/dev/null || exit 1
        echo ready
        exec >/dev/null 2>&1
        read -r word
        "$1/kafka" wipe
        """;

    // Apache's: storage is formatted once, then the server runs until it gets a signal.
    private const string ApacheLayout = """
        "$1/bin/kafka-storage.sh" format -t UGF0cm9uLVRlc3QtS2Fma2E -c "$2/server.properties" >"$2/format.out" 2>&1 || { cat "$2/format.out" >&2; exit 1; }
        "$1/bin/kafka-server-start.sh" "$2/server.properties" </dev/null >"$2/server.out" 2>&1 &
        server=$!
        until grep -q 'Kafka Server started' "$2/server.out"; do
          kill -0 $server || { tail -20 "$2/server.out" >&2; exit 1; }
          sleep 0.1
        done
        echo ready
        exec >/dev/null 2>&1
        read -r word
        kill -KILL $server
        wait $server
        rm -rf "$2"
        """;

    // Old segments are compacted soon, for the test that waits for it.
    private const string Properties = "log.cleaner.backoff.ms=200";

    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(90);
    private static readonly Lazy<Task<string?>> Shared = new(StartAsync);

    // Held until the end of the process: closing its input stops the broker.
    private static Process? _shell;

    /// <summary>True if a run without a real broker has to fail.</summary>
    public static bool IsRequired => Environment.GetEnvironmentVariable("PATRON_REQUIRE_KAFKA") == "1";

    /// <summary>host:port of the broker, started by the first who asks; null where there is none.</summary>
    public static Task<string?> BootstrapAsync() => Shared.Value;

    private static async Task<string?> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("KAFKA_BOOTSTRAP") is { Length: > 0 } running)
            return running;
        if (Environment.GetEnvironmentVariable("KAFKA_HOME") is not { Length: > 0 } named)
            return null;
        var home = Path.GetFullPath(named, RepositoryRoot());
        var ours = File.Exists(Path.Combine(home, "kafka"));
        if (!ours && !File.Exists(Path.Combine(home, "bin", "kafka-server-start.sh")))
            throw new InvalidOperationException($"KAFKA_HOME={named} has neither a script 'kafka' nor 'bin/kafka-server-start.sh' in it.");
        var folder = Directory.CreateTempSubdirectory("patron-kafka-").FullName;
        var (port, controllerPort) = FreePorts();
        if (!ours)
            await File.WriteAllTextAsync(Path.Combine(folder, "server.properties"), ServerProperties(folder, port, controllerPort));
        await RunAsync(home, folder, ours ? ScriptLayout : ApacheLayout, port, controllerPort);
        return $"127.0.0.1:{port}";
    }

    private static async Task RunAsync(string home, string folder, string script, int port, int controllerPort)
    {
        var start = new ProcessStartInfo("setsid", ["sh", "-c", script, "sh", home, folder])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["KAFKA_PORT"] = port.ToString(CultureInfo.InvariantCulture),
                ["KAFKA_CONTROLLER_PORT"] = controllerPort.ToString(CultureInfo.InvariantCulture),
                ["KAFKA_DATA"] = folder,
                ["KAFKA_PROPERTIES"] = Properties,
                ["KAFKA_HEAP"] = "384m",
                ["KAFKA_HEAP_OPTS"] = "-Xms384m -Xmx384m",
            },
        };
        _shell = Process.Start(start) ?? throw new InvalidOperationException("The shell that starts Kafka did not start.");
        using var deadline = new CancellationTokenSource(StartMax);
        var line = await _shell.StandardOutput.ReadLineAsync(deadline.Token);
        if (line != "ready")
            throw new InvalidOperationException($"Kafka did not start from {home}: {await _shell.StandardError.ReadToEndAsync(deadline.Token)}");
    }

    private static string ServerProperties(string folder, int port, int controllerPort) => $"""
        process.roles=broker,controller
        node.id=1
        controller.quorum.voters=1@127.0.0.1:{controllerPort}
        listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controllerPort}
        advertised.listeners=PLAINTEXT://127.0.0.1:{port}
        controller.listener.names=CONTROLLER
        log.dirs={folder}/log
        auto.create.topics.enable=false
        offsets.topic.replication.factor=1
        transaction.state.log.replication.factor=1
        transaction.state.log.min.isr=1
        {Properties}
        """;

    private static (int First, int Second) FreePorts()
    {
        using var first = new TcpListener(IPAddress.Loopback, 0);
        using var second = new TcpListener(IPAddress.Loopback, 0);
        first.Start();
        second.Start();
        return (((IPEndPoint)first.LocalEndpoint).Port, ((IPEndPoint)second.LocalEndpoint).Port);
    }

    // A relative KAFKA_HOME is meant from the root of the repository, wherever the tests run.
    private static string RepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "global.json")))
                return folder.FullName;
        }

        return Environment.CurrentDirectory;
    }
}
