using System.Globalization;
using Google.Protobuf;
using Npgsql;
using Patron.Contracts;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventLog;
using Patron.Segmentation;
using Patron.Services.Tests.Segmentation;
using Patron.Testing;

namespace Patron.Faults.Tests;

/// <summary>
/// Random customers whose facts are told little by little on three topics, and what has to be true of their segments at the end. Some are erased
/// on the way.
/// </summary>
internal sealed class SegmentTown
{
    public const string Service = "segmentation";

    private const int Customers = 150;
    private const int Partitions = 8;
    private static readonly Guid Epoch = new("0197f7a0-0000-7000-8000-000000000001");
    private static readonly DateTimeOffset Begin = new(2024, 1, 10, 12, 0, 0, TimeSpan.Zero);

    private readonly TestDatabase database;
    private readonly IEventLog log;
    private readonly Random random;
    private readonly List<Story> customers;
    private readonly Queue<TopicFact> untold;
    private readonly HashSet<Guid> erased = [];
    private readonly Dictionary<(Topic Topic, int Partition), long> positions = [];

    public SegmentTown(int seed, TestDatabase database, IEventLog log)
    {
        (this.database, this.log, random) = (database, log, new Random(seed));
        var world = new SegmentWorld(seed);
        customers = world.Customers(Customers, Begin);
        untold = new(world.Facts(customers, Begin));
    }

    /// <summary>Business time: a day at least passes with each life of the service.</summary>
    public DateTimeOffset Now { get; private set; } = Begin;

    public int Told { get; private set; }

    public int Erased => erased.Count;

    public void PassDays() => Now += TimeSpan.FromDays(random.Next(1, 20));

    /// <summary>Publishes the next facts, and now and then somebody's erasure.</summary>
    public async Task TellAsync(int count, CancellationToken cancellation)
    {
        var told = new List<(Topic Topic, Guid Customer, IMessage Fact)>();
        while (told.Count < count && untold.TryDequeue(out var next))
            told.Add((TopicOf(next.Source), next.Customer, next.Fact));
        if (random.Next(4) == 0)
        {
            var gone = customers[random.Next(Customers)].Customer;
            if (erased.Add(gone))
                told.Add((TopicOf(Source.Profile), gone, new CustomerErased()));
        }

        foreach (var topic in told.GroupBy(fact => fact.Topic))
        {
            await log.OpenAsync([topic.Key], cancellation);
            await log.PublishAsync(
                topic.Key,
                [
                    .. topic.GroupBy(fact => CustomerPartition.Of(fact.Customer, Partitions)).Select(group => new PartitionRecords(
                        group.Key, [.. group.Select(fact => Record(topic.Key, group.Key, fact.Customer, fact.Fact))])),
                ],
                cancellation);
        }

        Told += told.Count;
    }

    public Task TellRestAsync(CancellationToken cancellation) => TellAsync(untold.Count, cancellation);

    public int Untold => untold.Count;

    /// <summary>All that was told is applied, and every scan that is due was made.</summary>
    public async Task<bool> IsDoneAsync(CancellationToken cancellation)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand(
            $"""
            select not exists (select from {Service}.timers where due <= $1) and not exists (
              select from unnest($2::text[], $3::int[], $4::bigint[]) t (topic, partition, told)
              left join {Service}.offsets o using (topic, partition) where coalesce(o.next_offset, 0) < t.told)
            """);
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = Now.UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. positions.Keys.Select(of => of.Topic.Name)] });
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = [.. positions.Keys.Select(of => of.Partition)] });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. positions.Values] });
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>
    /// Every customer enters and leaves a segment in turn; the rows are what the events say; and whoever was not erased is in exactly the
    /// segments that the slow interpreter says.
    /// </summary>
    public async Task<IReadOnlyList<string>> ViolationsAsync(CancellationToken cancellation)
    {
        var sentences = new List<string>(await Books.SentencesAsync(
            database,
            $"""
            with moves as (
              select stream, version, type like '%entered%' as enters, data::json->>'segment' as segment
              from {Service}.events where type like 'segmentation.segment-%'),
            last as (select distinct on (stream, segment) stream, segment, enters from moves order by stream, segment, version desc)
            select 'customer ' || stream || case when enters then ' enters ' else ' leaves ' end || segment || ' twice, at event ' || version
            from (select *, lag(enters, 1, false) over (partition by stream, segment order by version) as before from moves) m where enters = before
            union all
            select 'customer ' || coalesce(l.stream, m.customer) || ' is in ' || coalesce(l.segment, m.segment) || ' by event '
              || coalesce(l.enters, false) || ', by row ' || (m.customer is not null)
            from (select * from last where enters) l
            full join {Service}.segment_member m on m.customer = l.stream and m.segment = l.segment where m.customer is null or l.stream is null
            """,
            cancellation));
        var found = (await Books.SentencesAsync(database, $"select customer || ' ' || segment from {Service}.segment_member", cancellation)).ToHashSet();
        var inside = 0;
        foreach (var story in customers)
        {
            foreach (var segment in ReadyMade.Segments)
            {
                var expected = !erased.Contains(story.Customer) && SlowInterpreter.Holds(segment.Rule, story, Now);
                inside += expected ? 1 : 0;
                if (found.Contains($"{story.Customer:D} {segment.Name}") != expected)
                    sentences.Add($"Customer {story.Customer} should {(expected ? "" : "not ")}be in {segment.Name}.");
            }
        }

        if (inside < Customers / 4)
            sentences.Add(string.Create(CultureInfo.InvariantCulture, $"Only {inside} memberships: that proves nothing."));
        return sentences;
    }

    private static Topic TopicOf(Source source) => new(source switch
    {
        Source.Profile => Topics.Profile,
        Source.Loyalty => Topics.Loyalty,
        _ => Topics.Tagging,
    });

    private LogRecord Record(Topic topic, int partition, Guid customer, IMessage fact)
    {
        var previous = positions.GetValueOrDefault((topic, partition));
        positions[(topic, partition)] = previous + 1;
        var envelope = new Envelope
        {
            Id = $"{partition}-{previous + 1}",
            Source = "/patron/test",
            Type = fact.Descriptor.FullName,
            Time = Now,
            StoreEpoch = Epoch,
            Position = previous + 1,
            Previous = previous,
        };
        return new LogRecord(customer.ToString("D"), envelope.ToHeaders(), fact.ToByteArray());
    }
}
