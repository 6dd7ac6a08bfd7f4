using System.Text.RegularExpressions;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Runtime.Projections;

/// <summary>
/// Tables that people look at, kept up behind the store or the log. Each build of them is a generation with a schema of its own, such as
/// <c>journey_reach_g2</c>; the tables of the live one are views of the same names in the service's schema, so a query names the table
/// and never sees a half-built one. Select columns by name and keep their types: a statement prepared over <c>*</c> fails once when a
/// generation of another shape goes live. The service's account needs the right to create schemas in its database.
/// </summary>
public sealed partial class Projection
{
    private Projection(string name, int version, string tables)
    {
        if (!NameShape().IsMatch(name))
            throw new ArgumentException($"'{name}' is no projection's name: use at most 30 lower-case letters, digits and underscores.", nameof(name));
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        (Name, Version, Tables) = (name, version, tables);
    }

    public string Name { get; }

    /// <summary>
    /// Raise it when the tables or what is written to them change: a new generation is then built. Meanwhile the live one is served as it
    /// stands, since this build can no longer write it. A build with a lower version leaves the projection alone.
    /// </summary>
    public int Version { get; }

    /// <summary>SQL that creates the tables by unqualified names, which must be free in the service's schema.</summary>
    public string Tables { get; }

    /// <summary>Records in one transaction, 1 to 100,000.</summary>
    public int RecordsPerStepMax { get; set; } = 2000;

    /// <summary>
    /// How long after a step the next one begins, in system time, while records keep coming: those that come meanwhile share it, since each
    /// step costs a transaction and a place for every partition. What comes after a pause is shown at once, and who is far behind does not wait.
    /// </summary>
    public TimeSpan StepEvery { get; set; }

    /// <summary>What is read; empty for the service's own store.</summary>
    internal IReadOnlyList<Topic> Topics { get; private init; } = [];

    internal Action<IReadOnlyList<RecordedEvent>, NpgsqlBatch>? ApplyEvents { get; private init; }

    internal Action<IReadOnlyList<ConsumedFact>, NpgsqlBatch>? ApplyFacts { get; private init; }

    internal Func<IFactFold>? OpenFold { get; private init; }

    /// <summary>A projection of the service's own events.</summary>
    /// <param name="name">Unique in the service, such as <c>reach</c>.</param>
    /// <param name="version">See <see cref="Version"/>; 1 or more.</param>
    /// <param name="tables">See <see cref="Tables"/>.</param>
    /// <param name="apply">
    /// Adds set-based statements for these events to a transaction, whose search path begins with the generation's schema. Events of a
    /// partition are in order and come exactly once; there is none between partitions.
    /// </param>
    public static Projection OfStore(string name, int version, string tables, Action<IReadOnlyList<RecordedEvent>, NpgsqlBatch> apply) =>
        new(name, version, tables) { ApplyEvents = apply };

    /// <summary>A projection of public facts. The same promises, per topic and partition; repeated records are skipped.</summary>
    /// <inheritdoc cref="OfStore"/>
    public static Projection OfTopics(
        string name, int version, string tables, IReadOnlyList<Topic> topics, Action<IReadOnlyList<ConsumedFact>, NpgsqlBatch> apply) =>
        new(name, version, tables) { Topics = topics, ApplyFacts = apply };

    /// <summary>
    /// A projection of public facts whose rows follow from what they were. The same promises; it costs a step the reading of those rows.
    /// </summary>
    /// <inheritdoc cref="OfStore"/>
    /// <param name="topics">What is read.</param>
    /// <param name="open">See <see cref="IFactFold"/>.</param>
    public static Projection OfTopics(string name, int version, string tables, IReadOnlyList<Topic> topics, Func<IFactFold> open) =>
        new(name, version, tables) { Topics = topics, OpenFold = open };

    [GeneratedRegex("^[a-z][a-z0-9_]{0,29}$")]
    private static partial Regex NameShape();
}

/// <summary>
/// Folds facts into rows of one generation, from where its reading starts until a step fails; then another one is opened. So what it
/// remembers of its own steps holds: nobody else writes the rows meanwhile, and who lost the projection cannot commit.
/// </summary>
public interface IFactFold
{
    /// <summary>
    /// Reads the rows that these facts concern, over a connection whose transaction is the step's and whose search path begins with the
    /// generation's schema, and answers what to write.
    /// </summary>
    Task<Action<NpgsqlBatch>> FoldAsync(IReadOnlyList<ConsumedFact> facts, NpgsqlConnection connection, CancellationToken cancellation);
}

/// <summary>Where a generation is in its life.</summary>
public enum GenerationState
{
    /// <summary>Reads from the beginning; nobody sees it.</summary>
    Building,

    /// <summary>What queries see.</summary>
    Live,

    /// <summary>Was live; dropped as soon as the last query on it has ended.</summary>
    Retired,
}

/// <summary>One build of a projection's tables.</summary>
public sealed record Generation(int Number, int Version, GenerationState State);
