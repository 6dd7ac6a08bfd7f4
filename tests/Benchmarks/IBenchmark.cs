namespace Patron.Benchmarks;

/// <summary>
/// One figure beside its peer. The runner prepares it once, then measures ours and the peer in turn and takes the median of each. Add one to
/// <see cref="Catalogue"/>.
/// </summary>
internal interface IBenchmark : IAsyncDisposable
{
    Figure Figure { get; }

    /// <summary>Everything that need not be measured: databases, hosts, records to read.</summary>
    /// <exception cref="BenchmarkUnavailableException">This machine lacks something; the others are still run.</exception>
    Task PrepareAsync(BenchPlace place, CancellationToken cancellation);

    /// <summary>One round of ours, in <see cref="Figure.Unit"/>.</summary>
    Task<double> MeasureAsync(CancellationToken cancellation);

    /// <summary>One round of the peer in the same unit, or null where there is none. A stored measurement answers itself.</summary>
    Task<double?> MeasurePeerAsync(CancellationToken cancellation);
}

/// <summary>What a benchmark measures, and against what.</summary>
/// <param name="Id">Dots part it, as in <c>append.batched</c>.</param>
/// <param name="What">One sentence.</param>
/// <param name="Unit">Such as <c>events/s</c>.</param>
/// <param name="Peer">What stands beside it; a stored measurement says so. <see cref="NoPeer"/> where the value counts alone.</param>
internal sealed record Figure(string Id, string What, string Unit, string Peer, Target Target)
{
    public const string NoPeer = "none";
}

/// <summary>A bound on the ratio to the peer, or on the value itself.</summary>
internal sealed record Target(bool OfRatio, bool AtLeast, double Bound)
{
    public static Target RatioAtLeast(double bound) => new(true, true, bound);

    public static Target ValueAtLeast(double bound) => new(false, true, bound);

    public static Target ValueAtMost(double bound) => new(false, false, bound);

    public bool IsMetBy(double value, double? ratio) => (OfRatio ? ratio : value) is { } measured && (AtLeast ? measured >= Bound : measured <= Bound);

    public override string ToString() => FormattableString.Invariant($"{(OfRatio ? "ratio" : "value")} {(AtLeast ? "≥" : "≤")} {Bound:#,##0.##}");
}

/// <summary>The machine lacks what a benchmark needs; the message says what to do.</summary>
internal sealed class BenchmarkUnavailableException(string message) : Exception(message);
