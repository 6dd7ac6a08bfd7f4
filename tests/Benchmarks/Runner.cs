using System.Globalization;
using Patron.Benchmarks.Report;

namespace Patron.Benchmarks;

/// <summary>Measures ours and the peer in turn, so that what else the machine does falls on both, and answers the medians.</summary>
internal sealed class Runner(BenchPlace place, TextWriter output, TimeProvider clock)
{
    public async Task<Result> RunAsync(IBenchmark benchmark, int rounds, string commit, string machine, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        var figure = benchmark.Figure;
        await output.WriteLineAsync($"{figure.Id}: {figure.What}");
        await benchmark.PrepareAsync(place, cancellation);
        var ours = new List<double>();
        var peers = new List<double>();
        for (var round = 1; round <= rounds; round++)
        {
            await SettleAsync(figure, cancellation);
            var meter = CpuMeter.Start(place.Postgres.Folder);
            ours.Add(await benchmark.MeasureAsync(cancellation));
            await TellAsync($"round {round}", ours[^1], figure.Unit, meter);
            await SettleAsync(figure, cancellation);
            meter = CpuMeter.Start(place.Postgres.Folder);
            if (await benchmark.MeasurePeerAsync(cancellation) is not { } peer)
                continue;
            peers.Add(peer);
            await TellAsync("   peer", peer, figure.Unit, meter);
        }

        var value = Median(ours);
        double? peerValue = peers.Count > 0 ? Median(peers) : null;
        return new Result(
            figure.Id, Round(value), figure.Unit, figure.Peer, peerValue is { } p ? Round(p) : null, peerValue is > 0 and { } q ? Round(value / q) : null,
            commit, machine, clock.GetUtcNow());
    }

    // Right after a checkpoint the first change of each page costs its whole image: where nobody is compared with, one would see little else.
    private Task SettleAsync(Figure figure, CancellationToken cancellation) =>
        figure.Peer == Figure.NoPeer ? Task.CompletedTask : place.SettleAsync(cancellation);

    private Task TellAsync(string what, double value, string unit, CpuMeter meter)
    {
        var (here, postgres) = meter.Cores();
        return output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"  {what}: {value,9:N1} {unit}; cores busy: {here:0.00} here, {postgres:0.00} in PostgreSQL"));
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values.Count % 2 == 1 ? values[values.Count / 2] : (values[(values.Count / 2) - 1] + values[values.Count / 2]) / 2;
    }

    // Three digits are more than the spread of the rounds deserves.
    private static double Round(double value)
    {
        if (value == 0)
            return 0;
        var unit = Math.Pow(10, Math.Floor(Math.Log10(Math.Abs(value))) - 2);
        return (double)((decimal)Math.Round(value / unit) * (decimal)unit);
    }
}
