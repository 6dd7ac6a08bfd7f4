using System.Text.Json.Serialization;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Testing;

namespace Patron.Benchmarks.Store;

/// <summary>An event whose JSON has 300 bytes.</summary>
[EventName("bench.noted.v1")]
internal sealed record Noted(string Text) : DomainEvent
{
    public const int JsonBytes = 300;

    /// <summary>The text that makes up for the rest of <c>{"Text":""}</c>.</summary>
    public static Noted Sample { get; } = new(string.Concat(Enumerable.Range(0, JsonBytes).Select(i => (char)('a' + (i * 7 % 26)))).Remove(JsonBytes - 11));

    public static string SampleJson { get; } = $$"""{"Text":"{{Sample.Text}}"}""";
}

/// <summary>What deciding needs: how many notes there are.</summary>
internal sealed record Notebook(int Notes)
{
    public static readonly StreamKind<Notebook> Kind = new(
        "notebook", new Notebook(0), (notebook, _) => new Notebook(notebook.Notes + 1), NotebookJson.Default.Notebook);

    /// <summary>Note something, once.</summary>
    public static Command Note(Guid customer) => Kind.Command(customer, customer, _ => Noted.Sample) with
    {
        IdempotencyKey = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()),
    };
}

[JsonSerializable(typeof(Noted))]
[JsonSerializable(typeof(Notebook))]
internal sealed partial class NotebookJson : JsonSerializerContext;

/// <summary>One row an event, in the events' transaction.</summary>
internal sealed class NotesView : IInlineView
{
    public static Migration Migration { get; } = new(
        "notes",
        """
        create table notes (
          customer uuid not null, version int not null, noted timestamptz not null, text text not null, primary key (customer, version))
        """);

    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction) => Statements.Add(
        transaction,
        "insert into notes select * from unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::text[])",
        Statements.Uuids(events.Select(e => e.Customer)),
        Statements.Ints(events.Select(e => e.Version)),
        Statements.Times(events.Select(e => e.Time)),
        Statements.Texts(events.Select(e => ((Noted)e.Event).Text[..40])));
}

/// <summary>A service with the store of a real one, over a database of its own, and customers spread over all partitions.</summary>
internal sealed class NotebookService(TestDatabase database, TestHost host, Guid[] customers) : IAsyncDisposable
{
    public const string Name = "bench";

    private const int CustomersCount = 20_000;
    private const int Partitions = 64;

    public ServiceRuntime Runtime { get; } = host.Service(Name);

    public TestDatabase Database => database;

    public int Customers => customers.Length;

    /// <summary>The customers in turn, for ever.</summary>
    public Guid Customer(int index) => customers[index % customers.Length];

    public static int PartitionOf(Guid customer) => CustomerPartition.Of(customer, Partitions);

    public static async Task<NotebookService> StartAsync(BenchPlace place, bool withView, CancellationToken cancellation)
    {
        var database = await place.CreateDatabaseAsync(cancellation);
        var host = await TestHost.StartAsync(
            builder => builder.AddPatronService(Name, _ => new ServiceDefinition
            {
                Name = Name,
                Events = new EventTypes(NotebookJson.Default, typeof(Noted)),
                Streams = [Notebook.Kind],
                Views = withView ? [new NotesView()] : [],
                Migrations = withView ? [NotesView.Migration] : [],
            }),
            _ => { },
            cancellation,
            database,
            new Dictionary<string, string> { ["Runtime:Partitions"] = $"{Partitions}" });
        var now = TimeProvider.System.GetUtcNow();
        var customers = Enumerable.Range(0, CustomersCount).Select(i => Guid.CreateVersion7(now.AddSeconds(i - CustomersCount)));
        return new NotebookService(database, host, [.. customers]);
    }

    /// <summary>So many events were committed to the store.</summary>
    public async Task<long> CountAsync(CancellationToken cancellation)
    {
        await using var count = Runtime.Database.CreateCommand("select sum(position)::bigint from heads");
        return (long)(await count.ExecuteScalarAsync(cancellation))!;
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        await database.DisposeAsync();
    }
}
