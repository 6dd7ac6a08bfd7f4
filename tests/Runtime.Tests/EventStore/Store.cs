using Google.Protobuf.WellKnownTypes;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Runtime.Tests.Processing;
using Patron.Testing;

namespace Patron.Runtime.Tests.EventStore;

/// <summary>A service that only sells, as the tests of its store need it.</summary>
internal static class Store
{
    public const string Name = "store";

    public static readonly Topic Topic = new("test.store");

    public static EventTypes Events() => new(ShopJson.Default, typeof(Sold), typeof(Reminded));

    public static Task<TestHost> StartAsync(
        CancellationToken cancellation,
        TestDatabase? database = null,
        EventTypes? events = null,
        StreamKind? kind = null,
        IInlineView? view = null,
        Migration? migration = null,
        int partitions = 4) => TestHost.StartAsync(
            builder => builder.AddPatronService(Name, _ => new ServiceDefinition
            {
                Name = Name,
                Events = events ?? Events(),
                Streams = [kind ?? Till.Kind],
                Views = view is null ? [] : [view],
                Migrations = migration is null ? [] : [migration],
                Publications = [new Publication(Topic, e => e.Event is Sold sold ? new Int32Value { Value = sold.Amount } : null)],
            }),
            _ => { },
            cancellation,
            database,
            new Dictionary<string, string> { ["Runtime:Partitions"] = $"{partitions}" });

    /// <summary>Changes a store behind its service's back.</summary>
    public static async Task RunAsync(TestDatabase database, string sql, CancellationToken cancellation)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString + ";Search Path=" + Name);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
