using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Patron.History;
using Patron.Local;
using Patron.Runtime.Hosting;
using Patron.Testing;
using Patron.Tool.Run;

namespace Patron.System.Tests.Apart;

/// <summary>The same days in one process with the log in PostgreSQL: what the processes that run apart must match.</summary>
internal static class TogetherRun
{
    public static async Task<Outcome> RunAsync(ReplayPlan plan, string folder, CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var catcher = MailCatcher.Start(new MailCatcherOptions { Folder = Path.Combine(folder, "together") }, TimeProvider.System);
        var settings = new Dictionary<string, string>
        {
            ["Database"] = database.ConnectionString,
            ["Http:Port"] = FreePort().ToString(CultureInfo.InvariantCulture),
            ["Grpc:Port"] = "0",
            ["Http:BodyBytesMax"] = "16777216",
            ["Runtime:Partitions"] = Deployment.Partitions.ToString(CultureInfo.InvariantCulture),
            ["Email:BaseAddress"] = "http://127.0.0.1:1",
            ["Email:Smtp:Host"] = "127.0.0.1",
            ["Email:Smtp:Port"] = catcher.Port.ToString(CultureInfo.InvariantCulture),
        };
        var secrets = Secrets.Open(folder);
        await using var app = AllInOne.Build(settings, secrets, BusinessTimeState.SimulatedFrom(plan.Begin));
        await app.StartAsync(cancellation);
        using var http = new HttpClient { BaseAddress = AllInOne.AddressOf(app) };
        http.DefaultRequestHeaders.Add("X-Api-Key", secrets.ApiKey);
        await plan.ReplayAsync(http, AllInOne.DriverOf(app), cancellation);
        var outcome = await Outcome.ReadAsync(_ => http, plan.Invoices, catcher, cancellation);
        await app.StopAsync(cancellation);
        return outcome;
    }

    // The gateway has to know where its peers are before they listen.
    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
