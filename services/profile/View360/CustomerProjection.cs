using System.Text.Json;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;

namespace Patron.Profile;

/// <summary>
/// Keeps one row a customer id, its folded <see cref="CustomerSummary"/>, and one row a fact, which tells the story and lets any past
/// moment be folded anew. Details, consents and identifiers are not in it: they stand beside profile's own streams.
/// </summary>
internal static class CustomerProjection
{
    public const string Name = "customer360";

    // 'time' is when the fact was decided, in business time; 'happened' is when what it tells of happened, which a till may tell later.
    private const string Tables = """
        create table customer360 (
          customer uuid primary key,
          erased boolean not null,
          summary text not null
        ) with (fillfactor = 70);
        create table customer360_story (
          customer uuid not null,
          happened timestamptz not null,
          source smallint not null,
          partition smallint not null,
          position bigint not null,
          time timestamptz not null,
          fact smallint not null,
          data bytea not null,
          primary key (customer, happened, source, partition, position)
        );
        """;

    /// <summary>What is declared of the tables: the projection itself deletes the rows.</summary>
    public static IReadOnlyList<CustomerTable> CustomerTables { get; } =
    [
        new CustomerTable("customer360") { OfProjection = true, KeptBecause = "that they were erased, and nothing else, so that late facts change nothing" },
        new CustomerTable("customer360_story") { OfProjection = true },
    ];

    public static Projection Projection { get; } = CreateProjection();

    private static Projection CreateProjection()
    {
        var projection = Projection.OfTopics(Name, 1, Tables, ViewedFacts.Topics, static () => new CustomerFold());
        // A purchase and what other contexts make of it mostly come within this time, and are then one change of one row.
        (projection.RecordsPerStepMax, projection.StepEvery) = (30_000, TimeSpan.FromSeconds(1));
        return projection;
    }

    public static string Write(CustomerSummary summary) => JsonSerializer.Serialize(summary, SummaryJson.Default.CustomerSummary);

    public static CustomerSummary Read(string summary) =>
        JsonSerializer.Deserialize(summary, SummaryJson.Default.CustomerSummary) ?? throw new InvalidDataException("A customer's summary is null.");
}
