using System.Runtime.InteropServices;
using Npgsql;

namespace Patron.Runtime.EventStore;

/// <summary>
/// What the decisions need: recalled by the lane where it knows everything, otherwise loaded in a round trip that locks the heads first.
/// </summary>
internal sealed partial class StoreTransaction
{
    private readonly HashSet<Guid> recalled = [];

    private const string StreamQuery = "select stream, version, shape, state, kind from streams where stream = any($1)";

    /// <summary>Finds out where commands go and what is remembered of their streams.</summary>
    private void Recall()
    {
        foreach (var unit in units)
        {
            if (unit.Timer is { } timer)
                heads.TryAdd(store.PartitionOf(timer.Customer), 0);
        }

        var meant = units.SelectMany(u => u.Commands).ToList();
        RouteAll(meant.Where(c => !c.IsExact).Select(c => c.Customer));
        foreach (var command in meant.Select(Route))
        {
            if (command.IsExact)
                heads.TryAdd(store.PartitionOf(command.Customer), 0);
            Expect(command.Kind, command.Stream, command.Customer, command.NeedsHistory);
            if (command.Beside is { } beside)
                Expect(command.Kind, command.Kind.StreamOf(beside), beside, command.NeedsHistory);
        }

        foreach (var stream in streams.Values)
        {
            if (memory.TryRecall(stream, store.PartitionOf(stream.Customer)))
                recalled.Add(stream.Id);
        }
    }

    private void Expect(StreamKind kind, Guid id, Guid customer, bool needsHistory)
    {
        ref var stream = ref CollectionsMarshal.GetValueRefOrAddDefault(streams, id, out _);
        stream ??= new LoadedStream(kind, id, customer);
        stream.KeepsHistory |= needsHistory;
    }

    private async Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var linking = units is [{ Link: not null }] ? units[0] : null;
        if (linking is not null)
            await PrepareAsync(connection, linking, cancellation);
        while (!await TryLoadAsync(connection, hasBegun: linking is not null, cancellation))
        {
            await RollBackAsync(connection, cancellation);
            if (linking is not null)
                await PrepareAsync(connection, linking, cancellation);
        }
    }

    /// <summary>False when the memory of links was behind and commands go elsewhere: heads have to be locked anew, in their order.</summary>
    private async Task<bool> TryLoadAsync(NpgsqlConnection connection, bool hasBegun, CancellationToken cancellation)
    {
        Recall();
        await using var questions = connection.CreateBatch();
        if (!hasBegun)
            Statements.Add(questions, "begin");
        var answers = Ask(questions);
        List<LoadedStream> outdated = [];
        await using (var row = await questions.ExecuteReaderAsync(cancellation))
        {
            foreach (var take in answers)
            {
                while (await row.ReadAsync(cancellation))
                    take(row, outdated);
                await row.NextResultAsync(cancellation);
            }
        }

        await LearnLinksAsync(connection, cancellation);
        if (!IsCurrent())
            return false;
        await ReloadMovedAsync(connection, outdated, cancellation);
        foreach (var stream in outdated)
            await RefoldAsync(connection, stream, cancellation);
        return true;
    }

    private bool IsAllKnown()
    {
        if (!memory.MayDecideFirst || memory.ExpectsRepeats || units.Count == 0 || recalled.Count < streams.Count
            || streams.Values.Any(s => s.KeepsHistory) || units.Exists(u => u.Timer is not null || u.Link is not null))
            return false;
        foreach (var partition in heads.Keys.ToList())
        {
            // Where another lane has learned more of the links, this one's memory of the head is old.
            if (!memory.TryGetHead(partition, out var head) || head.Links != store.Links.Known(partition))
                return false;
            (heads[partition], linksOf[partition]) = (head.Position, head.Links);
        }

        asksParked = units.Exists(u => u.AsksParked || Others(u).Any());
        return true;
    }

    /// <summary>Where another lane or instance has moved a head, what was recalled of the partition's streams counts for nothing.</summary>
    private async Task ReloadMovedAsync(NpgsqlConnection connection, List<LoadedStream> outdated, CancellationToken cancellation)
    {
        var moved = heads.Where(h => memory.TryGetHead(h.Key, out var head) && head != new Head(h.Value, linksOf[h.Key])).Select(h => h.Key).ToHashSet();
        if (moved.Count == 0)
            return;
        memory.Forget(moved);
        var again = recalled.Where(id => moved.Contains(store.PartitionOf(streams[id].Customer))).ToList();
        foreach (var id in again)
            streams[id].Unload();
        await using var command = new NpgsqlCommand(StreamQuery, connection);
        command.Parameters.Add(Statements.Uuids(again));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            TakeStream(row, outdated);
    }

    /// <summary>Adds the questions that these commands need answered, and tells in the same order what to do with a row of each answer.</summary>
    private List<Action<NpgsqlDataReader, List<LoadedStream>>> Ask(NpgsqlBatch questions)
    {
        var commands = units.SelectMany(u => u.Commands).ToList();
        var answers = new List<Action<NpgsqlDataReader, List<LoadedStream>>>();
        HeadStatements.Lock(questions, heads.Keys);
        answers.Add((row, _) => TakeHead(row));

        if (streams.Count > recalled.Count)
        {
            Statements.Add(questions, StreamQuery, Statements.Uuids(streams.Keys.Where(s => !recalled.Contains(s))));
            answers.Add(TakeStream);
        }

        var used = commands.Where(c => c.IdempotencyKey is not null).Select(c => c.IdempotencyKey!.Value).Distinct().ToList();
        if (used.Count > 0)
        {
            Statements.Add(questions, $"select e.key, {EventReader.Columns} from events e where e.key = any($1)", Statements.Uuids(used));
            answers.Add((row, _) => keys.Add(row.GetGuid(0), store.Reader.Row(row, 1)));
        }

        var histories = streams.Values.Where(s => s.KeepsHistory).Select(s => s.Id).ToList();
        if (histories.Count > 0)
        {
            Statements.Add(
                questions,
                $"""
                with recursive kin (asked, member) as (
                  select asked, asked from unnest($1::uuid[]) a (asked)
                  union
                  select k.asked, case when l.customer = k.member then l.other else l.customer end
                  from kin k join links l on l.customer = k.member or l.other = k.member)
                select k.asked, {EventReader.Columns} from kin k join events e on e.stream = k.member order by k.asked, e.stream, e.version
                """,
                Statements.Uuids(histories));
            answers.Add((row, _) => streams[row.GetGuid(0)].History.Add(store.Reader.Row(row, 1)));
        }

        var fired = units.Where(u => u.Timer is not null).Select(u => u.Timer!).ToList();
        if (fired.Count > 0)
        {
            Statements.Add(
                questions,
                "select t.stream, t.name, t.due from timers t join unnest($1::uuid[], $2::text[]) f (stream, name) using (stream, name)",
                Statements.Uuids(fired.Select(t => t.Stream)),
                Statements.Texts(fired.Select(t => t.Name)));
            answers.Add((row, _) => timers.Add(row.GetGuid(0), row.GetString(1), new DateTimeOffset(row.GetDateTime(2), TimeSpan.Zero)));
        }

        // Asked here and not of the reader's memory: the instance that takes a request may not be the one that reads the partition.
        var asking = units.Where(u => u.AsksParked).SelectMany(u => u.Commands).SelectMany(c => new[] { c.Customer, RootOf(c) })
            .Concat(units.SelectMany(Others)).Distinct().ToList();
        if (asking.Count > 0)
        {
            Statements.Add(
                questions,
                "select customer, topic from parked where partition = any($1) and customer = any($2)",
                Statements.Smallints(heads.Keys),
                Statements.Uuids(asking));
            answers.Add((row, _) =>
            {
                parked.Add(row.GetGuid(0));
                if (row.GetString(1) != LinkStatements.ParkedTopic)
                    behind.Add(row.GetGuid(0));
            });
        }

        return answers;
    }

    private void TakeStream(NpgsqlDataReader row, List<LoadedStream> outdated)
    {
        var stream = streams[row.GetGuid(0)];
        var (kind, text) = (row.GetString(4), row.GetString(3));
        var isCurrent = row.GetInt32(2) == stream.Kind.Shape;
        stream.Load(kind, isCurrent && kind == stream.Kind.Name ? stream.Kind.Read(text) : stream.Kind.Initial, row.GetInt32(1), text.Length);
        if (!isCurrent)
            outdated.Add(stream);
    }

    private async Task RefoldAsync(NpgsqlConnection connection, LoadedStream stream, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select {EventReader.Columns} from events e where e.stream = $1 order by e.version", connection);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = stream.Id });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        stream.State = stream.Kind.Initial;
        while (await row.ReadAsync(cancellation))
            stream.State = stream.Kind.Evolve(stream.State, store.Reader.Row(row, 0).Event);
    }
}
