using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using NUnit.Framework;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventLog.Postgres;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;
using Patron.Testing;

namespace Patron.Runtime.Tests.Projections;

/// <summary>What a generation makes of a producer's store that was restored twice, while the generation was being built.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class TopicSourceTests
{
    private static readonly Topic Sales = new("test.lives");
    private static readonly Guid Customer = Guid.CreateVersion7(TestHost.Start);
    private static readonly (Guid First, Guid Behind, Guid Whole) Lives =
        (Guid.CreateVersion7(TestHost.Start), Guid.CreateVersion7(TestHost.Start), Guid.CreateVersion7(TestHost.Start));

    [Test]
    public async Task Records_left_out_for_a_life_that_a_later_restore_took_back_make_the_generation_begin_anew(CancellationToken cancellation)
    {
        await using var scene = await LogScene.OpenAsync(cancellation);
        await scene.PublishAsync([.. Enumerable.Range(1, 12).Select(p => Fact(Lives.First, p))], cancellation);
        await scene.PublishAsync([Fact(Lives.Behind, 7, new() { [Lives.First] = 6 })], cancellation);
        var (places, shown) = await scene.ReadAsync(new GenerationPlaces { [(Sales.Name, 0)] = default }, recordsMax: 9, cancellation);
        Assert.That(shown, Is.EqualTo(new long[] { 1, 2, 3, 4, 5, 6 }), "the store does not know of the others now");

        await scene.PublishAsync([Fact(Lives.Whole, 13, new() { [Lives.First] = 12, [Lives.Behind] = 0 })], cancellation);

        Assert.That(() => scene.ReadAsync(places, recordsMax: 100, cancellation), Throws.TypeOf<StoreRestoredException>());
        var (_, all) = await scene.ReadAsync(new GenerationPlaces { [(Sales.Name, 0)] = default }, recordsMax: 100, cancellation);
        Assert.That(all, Is.EqualTo(Enumerable.Range(1, 13).Select(p => (long)p)));
    }

    [Test]
    public async Task A_record_that_is_lost_on_the_way_stops_a_generation_and_is_not_taken_for_left_out(CancellationToken cancellation)
    {
        await using var scene = await LogScene.OpenAsync(cancellation);
        await scene.PublishAsync([Fact(Lives.First, 1), Fact(Lives.First, 2)], cancellation);
        var (places, _) = await scene.ReadAsync(new GenerationPlaces { [(Sales.Name, 0)] = default }, recordsMax: 100, cancellation);

        await scene.PublishAsync([Fact(Lives.First, 4)], cancellation);

        Assert.That(() => scene.ReadAsync(places, recordsMax: 100, cancellation), Throws.TypeOf<InvalidDataException>().With.Message.Contains("resend"));
    }

    private static LogRecord Fact(Guid life, long position, Dictionary<Guid, long>? formerLives = null) => new(
        Customer.ToString("D"),
        new Envelope
        {
            Id = $"0-{position}",
            Source = "/patron/test",
            Type = Int32Value.Descriptor.FullName,
            Time = TestHost.Start,
            StoreEpoch = life,
            Position = position,
            Previous = position - 1,
            FormerLives = formerLives ?? [],
        }.ToHeaders(),
        new Int32Value { Value = 1 }.ToByteArray());

    private sealed class LogScene(TestDatabase database, NpgsqlDataSource source, PostgresEventLog log) : IAsyncDisposable
    {
        public static async Task<LogScene> OpenAsync(CancellationToken cancellation)
        {
            var database = await TestPostgres.CreateDatabaseAsync(cancellation);
            var source = NpgsqlDataSource.Create(database.ConnectionString);
            var log = new PostgresEventLog(source, new PostgresLogOptions { Partitions = 1 });
            await log.OpenAsync([Sales], cancellation);
            return new LogScene(database, source, log);
        }

        public Task PublishAsync(IReadOnlyList<LogRecord> records, CancellationToken cancellation) =>
            log.PublishAsync(Sales, [new PartitionRecords(0, records)], cancellation);

        /// <summary>One step of a generation that has just been opened: where it then stands, and the positions that it shows.</summary>
        public async Task<(GenerationPlaces Places, IReadOnlyList<long> Shown)> ReadAsync(
            GenerationPlaces places, int recordsMax, CancellationToken cancellation)
        {
            var shown = new List<long>();
            var projection = Projection.OfTopics(
                "lives", 1, "create table lives (id int)", [Sales], (facts, _) => shown.AddRange(facts.Select(f => f.Context.Envelope.Position)));
            await using var topic = new TopicSource(log, projection);
            await topic.PrepareAsync(new HashSet<SkippedRecord>(), cancellation);
            topic.Start(places);
            var slice = await topic.ReadAsync(places, recordsMax, TimeSpan.FromSeconds(10), cancellation);
            await using var batch = new NpgsqlBatch();
            slice!.Write(batch);
            return (slice.Places, shown);
        }

        public async ValueTask DisposeAsync()
        {
            await log.DisposeAsync();
            await source.DisposeAsync();
            await database.DisposeAsync();
        }
    }
}
