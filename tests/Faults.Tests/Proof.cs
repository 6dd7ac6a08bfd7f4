using System.Collections.Concurrent;
using System.Globalization;
using NUnit.Framework;

namespace Patron.Faults.Tests;

/// <summary>
/// One proof of a run, as a row of the results page. Begin it with <c>using</c>, count what it does, and say <see cref="Holds"/> at its
/// end: without that it is written down as failed.
/// </summary>
/// <param name="name">A sentence without a full stop; names the row.</param>
internal sealed class Proof(string name) : IDisposable
{
    private static readonly ConcurrentQueue<Proof> Finished = new();

    private readonly long began = TimeProvider.System.GetTimestamp();
    private readonly SortedDictionary<string, long> counts = new(StringComparer.Ordinal);
    private readonly List<TimeSpan> recoveries = [];
    private readonly Lock guard = new();
    private bool isListed = true;

    public static IReadOnlyCollection<Proof> All => Finished;

    public string Name => name;

    public string Seeds { get; private set; } = "none";

    public bool Held { get; private set; }

    public TimeSpan Took { get; private set; }

    public string Counts => string.Join(", ", counts.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Value:N0} {c.Key}")));

    /// <summary>Median and longest of the recoveries told, in seconds; empty without any.</summary>
    public string Recovery
    {
        get
        {
            if (recoveries.Count == 0)
                return "";
            var sorted = recoveries.Order().ToList();
            return string.Create(
                CultureInfo.InvariantCulture,
                $"median {sorted[sorted.Count / 2].TotalSeconds:0.00} s, longest {sorted[^1].TotalSeconds:0.00} s of {sorted.Count}");
        }
    }

    public static Proof Begin(string name) => new(name);

    /// <summary>For a run that is part of another row.</summary>
    public static Proof Unlisted() => new("") { isListed = false };

    /// <summary>Adds to a count, such as ("kills", 1). May be called from several threads.</summary>
    public Proof Count(string what, long number)
    {
        lock (guard)
            counts[what] = counts.GetValueOrDefault(what) + number;
        return this;
    }

    public Proof Seeded(IEnumerable<int> seeds)
    {
        var all = seeds.ToList();
        Seeds = all.Count == 1 ? $"{all[0]}" : $"{all[0]} to {all[^1]}";
        return this;
    }

    /// <summary>How long it took from a fault until work was done again.</summary>
    public Proof Recovered(TimeSpan after)
    {
        lock (guard)
            recoveries.Add(after);
        return this;
    }

    /// <summary>Fails the test with the violations found, if any; otherwise the proof holds.</summary>
    public void Holds(IReadOnlyCollection<string> violations)
    {
        Assert.That(violations.Take(20), Is.Empty, () => $"{violations.Count} violations");
        Held = true;
    }

    public void Dispose()
    {
        Took = TimeProvider.System.GetElapsedTime(began);
        if (!isListed)
            return;
        Finished.Enqueue(this);
        TestContext.Out.WriteLine($"{Name}: {Counts}; seeds {Seeds}; {Took.TotalSeconds:0.0} s; {Recovery}");
    }
}
