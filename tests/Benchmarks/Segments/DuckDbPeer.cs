using System.Globalization;
using Patron.Testing;

namespace Patron.Benchmarks.Segments;

/// <summary>DuckDB in a Node process of its own, with as many threads as the machine has cores and its tables in memory.</summary>
internal sealed class DuckDbPeer : IAsyncDisposable
{
    private static readonly TimeSpan MakingMax = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ForeignProcess node;
    private int round;

    private DuckDbPeer(ForeignProcess node, long answer) => (this.node, Answer) = (node, answer);

    /// <summary>What the query answers.</summary>
    public long Answer { get; }

    public static async Task<DuckDbPeer> StartAsync(string setup, string query, CancellationToken cancellation)
    {
        if (NodeTool.Path is null)
            throw new BenchmarkUnavailableException($"it needs Node {NodeTool.MajorVersionMin} or later.");
        var folder = NodeTool.SourceFolder(Path.Combine("tests", "Benchmarks", "peers"));
        await NodeTool.InstallAsync(folder, cancellation);
        var node = NodeTool.StartScript(folder, "duckdb.js", new Dictionary<string, string>
        {
            ["PEER_THREADS"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
            ["PEER_SETUP"] = setup,
            ["PEER_QUERY"] = query,
        });
        var ready = await node.WaitForLineAsync("ready ", MakingMax, cancellation);
        return new DuckDbPeer(node, long.Parse(ready["ready ".Length..].TrimEnd('n'), CultureInfo.InvariantCulture));
    }

    /// <summary>Answers a second.</summary>
    public async Task<double> RunAsync(TimeSpan duration, CancellationToken cancellation)
    {
        await node.TellAsync(string.Create(CultureInfo.InvariantCulture, $"{++round} {duration.TotalMilliseconds}"), cancellation);
        var line = await node.WaitForLineAsync($"round {round}: ", duration + Patience, cancellation);
        var numbers = line.Split(' ')[2..].Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToList();
        return numbers[0] / numbers[1];
    }

    public ValueTask DisposeAsync() => node.DisposeAsync();
}
