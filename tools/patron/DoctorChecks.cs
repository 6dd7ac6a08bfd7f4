using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Patron.Local;

namespace Patron.Tool;

/// <summary>The checks of <see cref="Doctor"/>. None changes anything on the machine.</summary>
internal static class DoctorChecks
{
    private const int NodeMajorMin = 20;
    private const int JavaMajorMin = 17;
    private const long FreeBytesMin = 2L << 30;
    private const int OpenFilesMin = 1024;
    private const int InotifyInstancesMin = 64;

    public static IReadOnlyList<Func<Checkout, CancellationToken, Task<Finding>>> All { get; } =
    [
        SdkAsync, PostgresAsync, AccountAsync, StateAsync, (_, _) => Task.FromResult(Librdkafka()), KafkaAsync, NodeAsync,
        (_, _) => Task.FromResult(HttpPort()), (checkout, _) => Task.FromResult(Disk(checkout)), OpenFilesAsync,
        (_, _) => Task.FromResult(Inotify()), (_, _) => Task.FromResult(Locale()), (_, _) => Task.FromResult(TimeZones()),
    ];

    private static async Task<Finding> SdkAsync(Checkout checkout, CancellationToken cancellation)
    {
        const string subject = ".NET SDK";
        if (!File.Exists(checkout.GlobalJson))
            return Finding.Fine(subject, $"not needed here; runtime {Environment.Version}");
        using var settings = JsonDocument.Parse(await File.ReadAllTextAsync(checkout.GlobalJson, cancellation));
        var wanted = settings.RootElement.GetProperty("sdk").GetProperty("version").GetString()!;
        var (code, output) = await Commands.TryAsync(["dotnet", "--version"], checkout.Folder, cancellation);
        return code == 0
            ? Finding.Fine(subject, $"{output.Trim()} serves global.json's {wanted}")
            : Finding.Missing(
                subject, $"none serves global.json's {wanted}", $"install the .NET SDK {wanted} or a later patch of the same feature band");
    }

    private static async Task<Finding> PostgresAsync(Checkout checkout, CancellationToken cancellation)
    {
        try
        {
            var binaries = await PostgresBinaries.FindAsync(PrivatePostgres.MajorOf(checkout.PostgresFolder), cancellation);
            return Finding.Fine("PostgreSQL", $"version {binaries.Major} in {binaries.Folder}");
        }
        catch (PrivatePostgresException fault)
        {
            return Finding.Missing("PostgreSQL", fault.Message, $"sudo apt-get install postgresql-{PostgresBinaries.MajorMin}");
        }
    }

    private static async Task<Finding> AccountAsync(Checkout checkout, CancellationToken cancellation)
    {
        const string subject = "PostgreSQL's account";
        if (!Environment.IsPrivilegedProcess)
            return Finding.Fine(subject, $"{Environment.UserName}, who runs this");
        var (code, _) = await Commands.TryAsync(["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "true"], null, cancellation);
        if (code != 0)
        {
            return Finding.Missing(
                subject, "we are root, and there is no account 'postgres' to run the server as", "sudo apt-get install postgresql-15");
        }

        (code, _) = await Commands.TryAsync(
            ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "test", "-x", checkout.Folder], null, cancellation);
        return Finding.Fine(subject, code == 0
            ? $"postgres, since we are root; it reaches {checkout.Folder}"
            : $"postgres, since we are root; it cannot reach {checkout.Folder}, so data is kept in "
                + $"{PrivatePostgres.SubstituteFolder(checkout.PostgresFolder)}");
    }

    private static async Task<Finding> StateAsync(Checkout checkout, CancellationToken cancellation)
    {
        const string subject = "Kept state";
        var status = await PrivatePostgres.InspectAsync(checkout.PostgresFolder, cancellation);
        return status switch
        {
            { Folder: null } => Finding.Fine(subject, "none yet; the first run makes it"),
            { InUse: true } => Finding.Fine(subject, $"{status.Folder}, in use by a running patron"),
            { Processes: > 0 } => Finding.Wrong(
                subject,
                $"{status.Processes} processes of a server whose patron is gone, in {status.Folder}",
                "make run takes over; make clean ends and deletes"),
            { IsWhole: false } => Finding.Wrong(subject, $"{status.Folder} is not whole (cluster or password is missing)", "make clean"),
            _ => Finding.Fine(subject, status.Folder),
        };
    }

    private static Finding Librdkafka()
    {
        const string subject = "librdkafka";
        if (!NativeLibrary.TryLoad("librdkafka.so.1", out var handle))
            return Finding.Optional(subject, "not installed; only the Kafka event log needs it", "sudo apt-get install librdkafka1");
        NativeLibrary.Free(handle);
        return Finding.Fine(subject, "librdkafka.so.1");
    }

    private static async Task<Finding> KafkaAsync(Checkout checkout, CancellationToken cancellation)
    {
        const string subject = "Java and Kafka";
        if (Environment.GetEnvironmentVariable("KAFKA_HOME") is not { Length: > 0 } home)
            return Finding.Optional(subject, "KAFKA_HOME is not set; the tests use a mock broker", "set KAFKA_HOME to an unpacked Apache Kafka distribution");
        if (!File.Exists(Path.Combine(home, "kafka")) && !Directory.Exists(Path.Combine(home, "bin")))
            return Finding.Wrong(subject, $"KAFKA_HOME ({home}) holds no Kafka", "unset it, or point it to an unpacked Apache Kafka distribution");
        var java = await MajorAsync(["java", "-version"], "version \"", cancellation);
        return java >= JavaMajorMin
            ? Finding.Fine(subject, $"Java {java}, Kafka in {home}")
            : Finding.Missing(subject, $"Kafka in {home} needs Java {JavaMajorMin} or later", "sudo apt-get install openjdk-17-jre-headless");
    }

    private static async Task<Finding> NodeAsync(Checkout checkout, CancellationToken cancellation)
    {
        var major = await MajorAsync(["node", "--version"], "v", cancellation);
        return major >= NodeMajorMin
            ? Finding.Fine("Node", $"version {major}")
            : Finding.Optional("Node", $"{NodeMajorMin} or later is absent; only tests with foreign clients need it", $"install Node {NodeMajorMin} or later");
    }

    private static Finding HttpPort()
    {
        const int port = 8080;
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return Finding.Fine("Port", $"{port} of 127.0.0.1 is free");
        }
        catch (SocketException)
        {
            return Finding.Optional("Port", $"{port} of 127.0.0.1 is taken, perhaps by a running patron", "end the program that listens there");
        }
    }

    private static Finding Disk(Checkout checkout)
    {
        var free = new DriveInfo(checkout.Folder).AvailableFreeSpace;
        var detail = $"{free >> 20} MiB free";
        return free >= FreeBytesMin
            ? Finding.Fine("Disk", detail)
            : Finding.Wrong("Disk", detail, $"free {FreeBytesMin >> 20} MiB on the disk of {checkout.Folder}");
    }

    private static async Task<Finding> OpenFilesAsync(Checkout checkout, CancellationToken cancellation)
    {
        var limits = await File.ReadAllLinesAsync("/proc/self/limits", cancellation);
        var soft = limits.First(line => line.StartsWith("Max open files", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        return soft == "unlimited" || long.Parse(soft, CultureInfo.InvariantCulture) >= OpenFilesMin
            ? Finding.Fine("Open files", $"limit {soft}")
            : Finding.Wrong("Open files", $"limit {soft}", $"ulimit -n {OpenFilesMin}");
    }

    private static Finding Inotify()
    {
        const string file = "/proc/sys/fs/inotify/max_user_instances";
        if (!File.Exists(file))
            return Finding.Fine("inotify", "not limited here");
        var limit = int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture);
        return limit >= InotifyInstancesMin
            ? Finding.Fine("inotify", $"{limit} instances a user")
            : Finding.Wrong(
                "inotify", $"{limit} instances a user; every service watches its settings", $"sudo sysctl fs.inotify.max_user_instances={InotifyInstancesMin}");
    }

    private static Finding Locale() => Console.OutputEncoding.CodePage == Encoding.UTF8.CodePage
        ? Finding.Fine("Character set", "UTF-8")
        : Finding.Wrong("Character set", $"{Console.OutputEncoding.WebName}; names would be printed wrong", "export LANG=C.UTF-8");

    private static Finding TimeZones() => TimeZoneInfo.TryFindSystemTimeZoneById("Asia/Hong_Kong", out _)
        ? Finding.Fine("Time zones", "Asia/Hong_Kong is known")
        : Finding.Missing("Time zones", "Asia/Hong_Kong is unknown, so local days cannot be told", "sudo apt-get install tzdata");

    /// <summary>The number after a marker in what a program prints, or null if the program is absent.</summary>
    private static async Task<int?> MajorAsync(IReadOnlyList<string> command, string marker, CancellationToken cancellation)
    {
        try
        {
            var (_, output) = await Commands.TryAsync(command, null, cancellation);
            var start = output.IndexOf(marker, StringComparison.Ordinal);
            var digits = start < 0 ? "" : new string([.. output[(start + marker.Length)..].TakeWhile(char.IsAsciiDigit)]);
            return int.TryParse(digits, CultureInfo.InvariantCulture, out var major) ? major : null;
        }
        catch (PrivatePostgresException)
        {
            return null;
        }
    }
}
