using System.Diagnostics;

namespace Patron.Benchmarks.Views;

/// <summary>Requests at a fixed rate, whatever the answers take: else a slow system would be asked less.</summary>
internal static class Paced
{
    private const int PerTick = 5;

    /// <summary>The 99th percentile of the time from when a request was due until its whole answer was there, in milliseconds.</summary>
    public static async Task<double> P99Async(int perSecond, TimeSpan during, Func<Task> ask, CancellationToken cancellation)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromSeconds((double)PerTick / perSecond));
        var asked = new List<Task<double>>();
        for (var ticks = (int)(during.TotalSeconds * perSecond / PerTick); ticks > 0; ticks--)
        {
            await pace.WaitForNextTickAsync(cancellation);
            for (var i = 0; i < PerTick; i++)
                asked.Add(TimeAsync(ask));
        }

        var took = await Task.WhenAll(asked);
        Array.Sort(took);
        return took[(int)Math.Ceiling(took.Length * 0.99) - 1];
    }

    private static async Task<double> TimeAsync(Func<Task> ask)
    {
        var began = Stopwatch.GetTimestamp();
        await ask();
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }
}
