using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;

namespace Patron.Segmentation;

/// <summary>How many customers a segment has, and how many entered and left it, ever.</summary>
internal sealed record SegmentFlow(string Segment, long Members, long Enters, long Leaves);

/// <summary>
/// Who is in which segment, as rows, for loading a partition; and the sizes. Flows are counted per partition, because a partition has one
/// writer: a row per segment alone would make all writer lanes wait for one another's commits.
/// </summary>
internal sealed class Members : IInlineView
{
    public const string Schema = """
        create table segment_member (
          partition int not null,
          customer uuid not null,
          segment text not null,
          since timestamptz not null,
          primary key (partition, customer, segment)
        );
        create table segment_flow (
          partition int not null,
          segment text not null,
          members bigint not null,
          enters bigint not null,
          leaves bigint not null,
          primary key (partition, segment)
        ) with (fillfactor = 70);
        """;

    private const string Enter = """
        insert into segment_member select * from unnest($1, $2, $3, $4)
        on conflict (partition, customer, segment) do update set since = excluded.since
        """;

    private const string Leave = """
        delete from segment_member m using unnest($1, $2, $3) l (partition, customer, segment)
        where m.partition = l.partition and m.customer = l.customer and m.segment = l.segment
        """;

    private const string Flow = """
        insert into segment_flow as kept
        select partition, segment, enters - leaves, enters, leaves from unnest($1, $2, $3, $4) f (partition, segment, enters, leaves)
        on conflict (partition, segment) do update set
          members = kept.members + excluded.members, enters = kept.enters + excluded.enters, leaves = kept.leaves + excluded.leaves
        """;

    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        var changes = events.Select(Of).OfType<Change>().ToList();
        if (changes.Count == 0)
            return;

        // Somebody who enters and leaves within one transaction is where the last event left them.
        var last = changes.GroupBy(change => (change.Partition, change.Customer, change.Segment)).Select(group => group.Last()).ToList();
        if (last.FindAll(change => change.Enters) is { Count: > 0 } entered)
            Add(transaction, Enter, Ints(entered, c => c.Partition), Uuids(entered), Texts(entered), Times(entered));
        if (last.FindAll(change => !change.Enters) is { Count: > 0 } left)
            Add(transaction, Leave, Ints(left, c => c.Partition), Uuids(left), Texts(left));
        var flows = changes.GroupBy(change => (change.Partition, change.Segment)).Select(group => group.ToList()).ToList();
        var firsts = flows.ConvertAll(flow => flow[0]);
        Add(transaction, Flow, Ints(firsts, c => c.Partition), Texts(firsts),
            Counts(flows.Select(flow => flow.LongCount(change => change.Enters))), Counts(flows.Select(flow => flow.LongCount(change => !change.Enters))));
    }

    /// <summary>Every membership of a partition.</summary>
    public static async Task<IReadOnlyList<(Guid Customer, string Segment)>> ReadAsync(
        NpgsqlDataSource database, int partition, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select customer, segment from segment_member where partition = $1");
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var members = new List<(Guid, string)>();
        while (await row.ReadAsync(cancellation))
            members.Add((row.GetGuid(0), row.GetString(1)));
        return members;
    }

    /// <summary>The flows of every segment that anybody ever entered, by name.</summary>
    public static async Task<IReadOnlyList<SegmentFlow>> FlowsAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select segment, sum(members)::bigint, sum(enters)::bigint, sum(leaves)::bigint from segment_flow group by segment order by segment");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var flows = new List<SegmentFlow>();
        while (await row.ReadAsync(cancellation))
            flows.Add(new SegmentFlow(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)));
        return flows;
    }

    private static Change? Of(RecordedEvent recorded) => recorded.Event switch
    {
        SegmentEntered entered => new(recorded.Partition, recorded.Customer, entered.Segment, entered.EvaluatedAt, Enters: true),
        SegmentLeft left => new(recorded.Partition, recorded.Customer, left.Segment, left.EvaluatedAt, Enters: false),
        _ => null,
    };

    private static void Add(NpgsqlBatch transaction, string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        command.Parameters.AddRange(parameters);
        transaction.BatchCommands.Add(command);
    }

    private static NpgsqlParameter<int[]> Ints(List<Change> rows, Func<Change, int> value) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer, TypedValue = [.. rows.Select(value)] };

    private static NpgsqlParameter<Guid[]> Uuids(List<Change> rows) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid, TypedValue = [.. rows.Select(row => row.Customer)] };

    private static NpgsqlParameter<string[]> Texts(List<Change> rows) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text, TypedValue = [.. rows.Select(row => row.Segment)] };

    private static NpgsqlParameter<DateTime[]> Times(List<Change> rows) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, TypedValue = [.. rows.Select(row => row.At.UtcDateTime)] };

    private static NpgsqlParameter<long[]> Counts(IEnumerable<long> counts) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint, TypedValue = [.. counts] };

    private sealed record Change(int Partition, Guid Customer, string Segment, DateTimeOffset At, bool Enters);
}
