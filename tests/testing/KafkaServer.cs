using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Patron.Testing;

/// <summary>
/// A broker of a real Apache Kafka from the distribution that KAFKA_HOME names, on free ports with its data in a temporary folder. A shell
/// beside it takes our orders from a pipe: when this process ends, however it ends, it stops the broker and deletes the folder.
/// </summary>
public sealed class KafkaServer : IAsyncDisposable
{
    private const string Orders = """
        order() { if "$@" >/dev/null; then echo done; else echo failed; fi; }
        order start
        while read -r word; do order $word; done
        exec >/dev/null 2>&1
        crash
        rm -rf "$data"
        """;

    // Ours: a folder with one script. A killed server holds its port until its last thread is gone, and nobody but init may wait for it.
    private const string ScriptLayout = """
        home=$1 data=$2
        start() { "$home/kafka" start; }
        crash() {
          server=$(cat "$data/pid") && kill -KILL "$server" || return 1
          while grep -qs '^State:.[^ZX]' "/proc/$server/status" || [ "$(ls "/proc/$server/task" 2>/dev/null | wc -l)" -gt 1 ]; do sleep 0.02; done
          rm -f "$data/pid"
        }
        wipe() { crash; rm -rf "$data/log"; }

        """;

    // Apache's: storage is formatted once, then the server runs until it gets a signal.
    private const string ApacheLayout = """
        home=$1 data=$2
        start() {
          "$home/bin/kafka-storage.sh" format --ignore-formatted -t UGF0cm9uLVRlc3QtS2Fma2E -c "$data/server.properties" >"$data/format.out" 2>&1 \
            || { cat "$data/format.out" >&2; return 1; }
          "$home/bin/kafka-server-start.sh" "$data/server.properties" </dev/null >"$data/server.out" 2>&1 &
          server=$!
          until grep -q 'Kafka Server started' "$data/server.out"; do
            kill -0 $server || { tail -20 "$data/server.out" >&2; return 1; }
            sleep 0.1
          done
        }
        crash() { kill -KILL $server; wait $server 2>/dev/null; true; }
        wipe() { crash; rm -rf "$data/log"; }

        """;

    // Old segments are compacted soon, for the test that waits for it.
    private const string Properties = "log.cleaner.backoff.ms=200";

    private static readonly TimeSpan OrderMax = TimeSpan.FromSeconds(90);

    private readonly Process shell;

    private KafkaServer(Process shell, int port) => (this.shell, Bootstrap) = (shell, $"127.0.0.1:{port}");

    /// <summary>host:port of the broker; the same over kills.</summary>
    public string Bootstrap { get; }

    /// <summary>A broker that takes clients; null where KAFKA_HOME is not set.</summary>
    /// <exception cref="InvalidOperationException">KAFKA_HOME names no distribution, or Kafka did not start.</exception>
    public static async Task<KafkaServer?> StartAsync(CancellationToken cancellation)
    {
        if (Environment.GetEnvironmentVariable("KAFKA_HOME") is not { Length: > 0 } named)
            return null;
        var home = Path.GetFullPath(named, RepositoryRoot());
        var ours = File.Exists(Path.Combine(home, "kafka"));
        if (!ours && !File.Exists(Path.Combine(home, "bin", "kafka-server-start.sh")))
            throw new InvalidOperationException($"KAFKA_HOME={named} has neither a script 'kafka' nor 'bin/kafka-server-start.sh' in it.");
        var folder = Directory.CreateTempSubdirectory("patron-kafka-").FullName;
        var (port, controllerPort) = FreePorts();
        await File.WriteAllTextAsync(Path.Combine(folder, "server.properties"), ServerProperties(folder, port, controllerPort), cancellation);
        var server = new KafkaServer(Shell(home, folder, (ours ? ScriptLayout : ApacheLayout) + Orders, port, controllerPort), port);
        await server.AnsweredAsync("start", cancellation);
        return server;
    }

    /// <summary>SIGKILL; the data stays.</summary>
    public Task KillAsync(CancellationToken cancellation) => OrderAsync("crash", cancellation);

    /// <summary>Answers when clients can connect again.</summary>
    public Task RestartAsync(CancellationToken cancellation) => OrderAsync("start", cancellation);

    /// <summary>Kills the broker and deletes its data; start it again.</summary>
    public Task WipeAsync(CancellationToken cancellation) => OrderAsync("wipe", cancellation);

    public async ValueTask DisposeAsync()
    {
        shell.StandardInput.Close();
        await shell.WaitForExitAsync().WaitAsync(OrderMax);
        shell.Dispose();
    }

    private async Task OrderAsync(string word, CancellationToken cancellation)
    {
        await shell.StandardInput.WriteLineAsync(word.AsMemory(), cancellation);
        await shell.StandardInput.FlushAsync(cancellation);
        await AnsweredAsync(word, cancellation);
    }

    private async Task AnsweredAsync(string word, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(OrderMax);
        if (await shell.StandardOutput.ReadLineAsync(deadline.Token) != "done")
            throw new InvalidOperationException($"Kafka did not {word}: see server.out in its folder.");
    }

    private static Process Shell(string home, string folder, string script, int port, int controllerPort) =>
        Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", script, "sh", home, folder])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            Environment =
            {
                ["KAFKA_PORT"] = port.ToString(CultureInfo.InvariantCulture),
                ["KAFKA_CONTROLLER_PORT"] = controllerPort.ToString(CultureInfo.InvariantCulture),
                ["KAFKA_DATA"] = folder,
                ["KAFKA_PROPERTIES"] = Properties,
                ["KAFKA_HEAP"] = "384m",
                ["KAFKA_HEAP_OPTS"] = "-Xms384m -Xmx384m",
            },
        }) ?? throw new InvalidOperationException("The shell that starts Kafka did not start.");

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
