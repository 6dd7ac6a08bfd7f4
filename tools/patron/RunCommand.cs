using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Npgsql;
using Patron.History;
using Patron.Local;
using Patron.Runtime.Hosting;
using Patron.Tool.Run;
using Spectre.Console;

namespace Patron.Tool;

/// <summary>
/// <c>patron run</c>: a private PostgreSQL, every service in this process, a year of purchases through the public API, the report; then it
/// stays up until it is told to stop.
/// </summary>
internal static class RunCommand
{
    private const string Database = "patron";
    private const int HttpPort = 8080;
    private const int GrpcPort = 8081;

    /// <summary>Answers 0 after an orderly end, 1 after a failure, 2 for a wrong argument.</summary>
    public static async Task<int> ExecuteAsync(string[] args, CancellationToken cancellation)
    {
        if (RunOptions.Read(out var wrong) is not { } options)
        {
            await Console.Error.WriteLineAsync(wrong);
            return 2;
        }

        try
        {
            await RunAsync(options, args.Contains("--exit"), cancellation);
            return 0;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception fault)
            when (fault is PrivatePostgresException or StartRefusedException or InvalidOperationException or InvalidDataException or NpgsqlException)
        {
            await Console.Error.WriteLineAsync($"\npatron run failed: {fault.Message}\n'patron doctor' looks for what is wrong with this machine.");
            return 1;
        }
    }

    private static async Task RunAsync(RunOptions options, bool exit, CancellationToken cancellation)
    {
        var checkout = Checkout.Find();
        if (options.Fresh)
            await Clean.RunAsync(TextWriter.Null, cancellation);
        Directory.CreateDirectory(checkout.StateFolder);
        var watch = Stopwatch.StartNew();

        await using var postgres = await PrivatePostgres.StartAsync(
            new PrivatePostgresOptions { Folder = checkout.PostgresFolder, Durable = true, ConnectionsMax = 300, SharedBuffersMiB = 512 }, cancellation);
        if (postgres.FolderMoved)
            Console.WriteLine($"PostgreSQL's account cannot reach {checkout.PostgresFolder}: its data is in {postgres.Folder}.");
        if (!await postgres.DatabaseExistsAsync(Database, cancellation))
            await postgres.CreateDatabaseAsync(Database, template: null, cancellation);
        await using var database = NpgsqlDataSource.Create(postgres.ConnectionString(Database));
        await using var catcher = MailCatcher.Start(new MailCatcherOptions { Folder = Path.Combine(checkout.StateFolder, "mail") }, TimeProvider.System);

        var history = PurchaseHistory.Open();
        var progress = new ReplayProgress(database);
        var state = await progress.ReadAsync(cancellation)
            ?? new ReplayState(0, ReplayHistory.HourEnd(history.First().Time).AddHours(-1), false, null);
        var time = state.ResumedAt is { } resumed
            ? new BusinessTimeState(false, state.BusinessTime, state.BusinessTime - resumed)
            : BusinessTimeState.SimulatedFrom(state.BusinessTime);
        await using var app = AllInOne.Build(Settings(postgres, catcher, checkout.StateFolder), Secrets.Open(checkout.StateFolder), time);
        await app.StartAsync(cancellation);
        using var http = ClientOf(app, Secrets.Open(checkout.StateFolder));
        Console.WriteLine($"All services are up at {http.BaseAddress} after {watch.Elapsed.TotalSeconds:0.0} s.");

        var clock = app.Services.GetRequiredService<BusinessClock>();
        if (!state.Finished || state.Delivered < history.Deliveries(options.Days).Count())
            state = await ReplayAsync(app, http, history, options.Days, progress, state, cancellation);
        else
            Console.WriteLine("The history had been replayed before; FRESH=1 starts anew.");
        if (state.ResumedAt is null)
        {
            clock.ResumeRealTime();
            await progress.WriteAsync(state with { BusinessTime = clock.GetUtcNow(), ResumedAt = TimeProvider.System.GetUtcNow() }, cancellation);
        }

        await new Report(http, app.Services.GetRequiredService<SignedLinks>(), Console.Out).PrintAsync(history, options.Days, catcher, cancellation);
        Console.WriteLine($"\nDone in {watch.Elapsed:m\\:ss}.{(exit ? "" : " Everything stays up; Ctrl-C drains and stops it.")}");
        if (!exit)
            await UntilStoppedAsync(app, cancellation);
        await app.StopAsync(CancellationToken.None);
    }

    private static async Task<ReplayState> ReplayAsync(
        WebApplication app, HttpClient http, PurchaseHistory history, int? days, ReplayProgress progress, ReplayState state, CancellationToken cancellation)
    {
        var clock = app.Services.GetRequiredService<BusinessClock>();
        clock.Simulate();
        var replay = new ReplayHistory(http, AllInOne.DriverOf(app), progress);
        var done = state;
        var bars = AnsiConsole.Progress().Columns(
            new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn());
        await bars.StartAsync(async bar =>
        {
            var task = bar.AddTask("replaying", maxValue: 1);
            done = await replay.RunAsync(history, days, state, (delivered, all, now) =>
            {
                task.MaxValue = all;
                task.Value = delivered;
                task.Description = string.Create(CultureInfo.InvariantCulture, $"replaying {now:yyyy-MM-dd HH:mm} UTC");
            }, cancellation);
        });
        await progress.WriteAsync(done, cancellation);
        return done;
    }

    private static async Task UntilStoppedAsync(WebApplication app, CancellationToken cancellation)
    {
        var stopped = new TaskCompletionSource();
        await using var byHost = app.Lifetime.ApplicationStopping.Register(stopped.SetResult);
        try
        {
            await stopped.Task.WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            Console.WriteLine("\nDraining…");
        }
    }

    private static Dictionary<string, string> Settings(PrivatePostgres postgres, MailCatcher catcher, string stateFolder) => new()
    {
        ["Database"] = postgres.ConnectionString(Database),
        ["Http:Port"] = FreePort(HttpPort).ToString(CultureInfo.InvariantCulture),
        ["Grpc:Port"] = FreePort(GrpcPort).ToString(CultureInfo.InvariantCulture),
        ["Http:BodyBytesMax"] = "16777216",
        ["Segmentation:SnapshotFolder"] = Path.Combine(stateFolder, "segments"),
        ["Email:Smtp:Host"] = "127.0.0.1",
        ["Email:Smtp:Port"] = catcher.Port.ToString(CultureInfo.InvariantCulture),
    };

    private static HttpClient ClientOf(WebApplication app, Secrets secrets)
    {
        var http = new HttpClient { BaseAddress = AllInOne.AddressOf(app) };
        http.DefaultRequestHeaders.Add("X-Api-Key", secrets.ApiKey);
        return http;
    }

    /// <summary>The usual port, or, where another program has it, any free one: the report prints which.</summary>
    private static int FreePort(int wanted)
    {
        try
        {
            using var probe = new TcpListener(System.Net.IPAddress.Loopback, wanted);
            probe.Start();
            return wanted;
        }
        catch (SocketException)
        {
            using var any = new TcpListener(System.Net.IPAddress.Loopback, 0);
            any.Start();
            return ((System.Net.IPEndPoint)any.LocalEndpoint).Port;
        }
    }
}
