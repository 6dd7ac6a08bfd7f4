using Patron.Runtime.Processing;

namespace Patron.Runtime.Projections;

/// <summary>An opened generation. Places are replaced, never changed, so that others may look.</summary>
internal sealed class Build(Generation generation, IProjectionSource source)
{
    public int Number => generation.Number;

    public int Version => generation.Version;

    public GenerationState State { get; set; } = generation.State;

    /// <summary>Shows more than a restored store knows, and stands still until another generation takes its place.</summary>
    public bool IsStale { get; set; }

    /// <summary>How many further records get a step of their own, after a step was refused.</summary>
    public int OneByOne { get; set; }

    /// <summary>When the next step is worth its price.</summary>
    public DateTimeOffset StepAt { get; set; }

    public IProjectionSource Source => source;

    public GenerationPlaces Places { get; private set; } = [];

    /// <summary>Records not applied, as far as this process knows of them; the most there can be while it knows nothing.</summary>
    public long Behind => Places.Sum(p => source.KnownEnd(p.Key.Source, p.Key.Partition) is { } end ? Math.Max(0, end - p.Value.NextOffset) : int.MaxValue);

    public void Move(GenerationPlaces moved)
    {
        var now = new GenerationPlaces();
        foreach (var (key, place) in Places)
            now[key] = moved.GetValueOrDefault(key, place);
        Places = now;
    }

    public IEnumerable<ReaderLag> Lag(string reader) => Places.GroupBy(p => p.Key.Source).Select(of => new ReaderLag(
        reader, of.Key, generation.Number, of.Sum(p => p.Value.NextOffset),
        of.Sum(p => Math.Max(0, (source.KnownEnd(p.Key.Source, p.Key.Partition) ?? p.Value.NextOffset) - p.Value.NextOffset))));
}
