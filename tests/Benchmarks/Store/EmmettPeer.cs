using System.Globalization;
using Npgsql;
using Patron.Testing;

namespace Patron.Benchmarks.Store;

/// <summary>Emmett's event store for PostgreSQL, in a Node process of its own.</summary>
internal sealed class EmmettPeer : IAppendPeer
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private TestDatabase? database;
    private ForeignProcess? node;
    private int round;

    public async Task PrepareAsync(BenchPlace place, NotebookService service, CancellationToken cancellation)
    {
        if (NodeTool.Path is null)
            throw new BenchmarkUnavailableException($"it needs Node {NodeTool.MajorVersionMin} or later.");
        var folder = NodeTool.SourceFolder(Path.Combine("tests", "Benchmarks", "peers"));
        await NodeTool.InstallAsync(folder, cancellation);
        database = await place.CreateDatabaseAsync(cancellation);
        var parts = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var password = Uri.EscapeDataString(parts.Password!);
        node = NodeTool.StartScript(folder, "emmett.js", new Dictionary<string, string>
        {
            ["PEER_DATABASE"] = $"postgresql://{parts.Username}:{password}@{parts.Host}:{parts.Port}/{parts.Database}",
            ["PEER_TEXT"] = Noted.Sample.Text,
            ["PEER_CUSTOMERS"] = service.Customers.ToString(CultureInfo.InvariantCulture),
        });
        await node.WaitForLineAsync("ready", Patience, cancellation);
    }

    public async Task<double> RunAsync(TimeSpan duration, CancellationToken cancellation)
    {
        await node!.TellAsync(string.Create(CultureInfo.InvariantCulture, $"{++round} {duration.TotalMilliseconds}"), cancellation);
        var line = await node.WaitForLineAsync($"round {round}: ", duration + Patience, cancellation);
        var numbers = line.Split(' ')[2..].Select(n => double.Parse(n, CultureInfo.InvariantCulture)).ToList();
        return numbers[0] / numbers[1];
    }

    public async ValueTask DisposeAsync()
    {
        if (node is not null)
            await node.DisposeAsync();
        if (database is not null)
            await database.DisposeAsync();
    }
}
