using System.Diagnostics;
using MathNet.Numerics.Distributions;
using Patron.Segmentation.Value;

namespace Patron.Benchmarks.Segments;

/// <summary>How long it takes to learn from a million customers and to say of each what to expect.</summary>
internal sealed class PredictValue : IBenchmark
{
    private const int CustomersFull = 1_000_000;
    private const int AgeDaysMax = 1_095;
    private RepeatPurchases history = new([], [], []);
    private AverageSpend spend = new([], []);

    public Figure Figure { get; } = new(
        "segment.value",
        "BG/NBD and Gamma-Gamma fitted to 1,000,000 synthetic customers of up to three years, and each of them scored: chance to be alive, expected "
            + "purchases, value of twelve months, discounted by month.",
        "s",
        Figure.NoPeer,
        Target.ValueAtMost(60));

    public Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        var count = place.Of(CustomersFull, least: 5_000);
        var random = new Random(17);
        history = new RepeatPurchases(new int[count], new int[count], new int[count]);
        spend = new AverageSpend(new int[count], new double[count]);
        for (var i = 0; i < count; i++)
        {
            history.AgeDays[i] = random.Next(1, AgeDaysMax + 1);
            Live(random, i);
            spend.Purchases[i] = history.Repeats[i] + 1;
            spend.Average[i] = Gamma.Sample(random, 6.25 * spend.Purchases[i], Gamma.Sample(random, 3.74, 1_544) * spend.Purchases[i]);
        }

        return Task.CompletedTask;
    }

    public Task<double> MeasureAsync(CancellationToken cancellation)
    {
        var begun = Stopwatch.GetTimestamp();
        var purchases = BgNbd.Fit(history);
        var value = GammaGamma.Fit(spend);
        if (purchases.Model is null || value.Model is null)
            throw new InvalidOperationException($"No model: {purchases.Refusal?.Detail} {value.Refusal?.Detail}");
        var expected = LifetimeValue.Of(purchases.Model, value.Model, history, spend, new Horizon());
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        return double.IsFinite(expected.Worth.Sum()) ? Task.FromResult(seconds) : throw new InvalidOperationException("Some value is no number.");
    }

    public Task<double?> MeasurePeerAsync(CancellationToken cancellation) => Task.FromResult<double?>(null);

    public ValueTask DisposeAsync() => default;

    /// <summary>Purchases at random at the customer's own rate, until they leave; those of a day are one.</summary>
    private void Live(Random random, int customer)
    {
        var rate = Gamma.Sample(random, 0.243, 4.414) / RepeatPurchases.DaysPerWeek;
        var leaves = Beta.Sample(random, 0.793, 2.426);
        for (var time = Exponential.Sample(random, rate); time <= history.AgeDays[customer]; time += Exponential.Sample(random, rate))
        {
            var day = (int)Math.Ceiling(time);
            if (day != history.RecencyDays[customer])
                (history.Repeats[customer], history.RecencyDays[customer]) = (history.Repeats[customer] + 1, day);
            if (random.NextDouble() < leaves)
                return;
        }
    }
}
