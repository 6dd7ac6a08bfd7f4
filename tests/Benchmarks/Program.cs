using Patron.Benchmarks;
using Patron.Benchmarks.Report;

// Measures what the environment variable ONLY names (all without it), and writes tests/Benchmarks/results.
using var stopped = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stopped.Cancel();
};
try
{
    return await RunAsync(Environment.GetEnvironmentVariable("ONLY"), stopped.Token);
}
catch (ArgumentException wrong)
{
    await Console.Error.WriteLineAsync(wrong.Message);
    return 2;
}

static async Task<int> RunAsync(string? only, CancellationToken cancellation)
{
    const int Rounds = 3;
    var chosen = Catalogue.Select(only);
    var results = ResultsFolder.OfThisRepository();
    await using var postgres = await BenchPlace.StartDurablePostgresAsync(cancellation);
    var machine = await Machine.DescribeAsync(postgres.ConnectionString("postgres"), cancellation);
    var runner = new Runner(new BenchPlace(postgres, Scale: 1), Console.Out, TimeProvider.System);
    var skipped = 0;
    foreach (var benchmark in chosen)
    {
        await using (benchmark)
        {
            try
            {
                results.Keep(await runner.RunAsync(benchmark, Rounds, Machine.Commit(results.Folder), machine, cancellation));
            }
            catch (BenchmarkUnavailableException unavailable)
            {
                skipped++;
                await Console.Error.WriteLineAsync($"{benchmark.Figure.Id} was not measured: {unavailable.Message}");
            }
        }
    }

    Console.WriteLine(Page.Table(results.Read(), Catalogue.Figures));
    Console.WriteLine($"Written: {Path.Combine("tests", "Benchmarks", "results", "latest.md")}{(skipped > 0 ? $"; {skipped} not measured" : "")}.");
    return 0;
}
