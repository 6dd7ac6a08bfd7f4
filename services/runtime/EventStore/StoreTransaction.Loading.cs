using Npgsql;

namespace Patron.Runtime.EventStore;

/// <summary>
/// What the decisions need: recalled by the lane where it knows everything, otherwise loaded in a round trip that locks the heads first.
/// </summary>
internal sealed partial class StoreTransaction
{
    private readonly HashSet<Guid> recalled = [];

    private const string StreamQuery = "select stream, version, shape, state, kind from streams where stream = any($1)";

    private void Recall()
    {
        foreach (var unit in units.Where(u => u.Timer is not null))
            heads.TryAdd(store.PartitionOf(unit.Timer!.Customer), 0);
        foreach (var command in units.SelectMany(u => u.Commands))
        {
            heads.TryAdd(store.PartitionOf(command.Customer), 0);
            streams.TryAdd(command.Stream, new LoadedStream(command));
            streams[command.Stream].KeepsHistory |= command.NeedsHistory;
        }

        foreach (var stream in streams.Values)
        {
            if (memory.TryRecall(stream, store.PartitionOf(stream.Customer)))
                recalled.Add(stream.Id);
        }

    }

    private async Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var questions = connection.CreateBatch();
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

        await ReloadMovedAsync(connection, outdated, cancellation);
        foreach (var stream in outdated)
            await RefoldAsync(connection, stream, cancellation);
    }

    private bool IsAllKnown()
    {
        if (!memory.MayDecideFirst || memory.ExpectsRepeats || units.Count == 0 || recalled.Count < streams.Count
            || streams.Values.Any(s => s.KeepsHistory) || units.Exists(u => u.Timer is not null))
            return false;
        foreach (var partition in heads.Keys.ToList())
        {
            if (!memory.TryGetHead(partition, out var position))
                return false;
            heads[partition] = position;
        }

        asksParked = units.Exists(u => u.AsksParked);
        return true;
    }

    /// <summary>Where another lane or instance has moved a head, what was recalled of the partition's streams counts for nothing.</summary>
    private async Task ReloadMovedAsync(NpgsqlConnection connection, List<LoadedStream> outdated, CancellationToken cancellation)
    {
        var moved = heads.Where(h => memory.TryGetHead(h.Key, out var position) && position != h.Value).Select(h => h.Key).ToHashSet();
        if (moved.Count == 0)
            return;
        foreach (var partition in moved)
            memory.Forget(partition);
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
        answers.Add((row, _) => heads[row.GetInt16(0)] = row.GetInt64(1));

        if (streams.Count > recalled.Count)
        {
            Statements.Add(questions, StreamQuery, Statements.Uuids(streams.Keys.Where(s => !recalled.Contains(s))));
            answers.Add(TakeStream);
        }

        var used = commands.Where(c => c.IdempotencyKey is not null).Select(c => c.IdempotencyKey!.Value).Distinct().ToList();
        if (used.Count > 0 && memory.ExpectsRepeats)
        {
            Statements.Add(questions, $"select e.key, {EventReader.Columns} from events e where e.key = any($1)", Statements.Uuids(used));
            answers.Add((row, _) => keys.Add(row.GetGuid(0), store.Reader.Row(row, 1)));
        }

        var histories = streams.Values.Where(s => s.KeepsHistory).Select(s => s.Id).ToList();
        if (histories.Count > 0)
        {
            Statements.Add(
                questions,
                $"select {EventReader.Columns} from events e where e.stream = any($1) order by e.stream, e.version",
                Statements.Uuids(histories));
            answers.Add((row, _) =>
            {
                var happened = store.Reader.Row(row, 0);
                streams[happened.Stream].History.Add(happened.Event);
            });
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
        var asking = units.Where(u => u.AsksParked).SelectMany(u => u.Commands).Select(c => c.Customer).Distinct().ToList();
        if (asking.Count > 0)
        {
            Statements.Add(
                questions,
                "select customer from parked where partition = any($1) and customer = any($2)",
                Statements.Smallints(heads.Keys),
                Statements.Uuids(asking));
            answers.Add((row, _) => parked.Add(row.GetGuid(0)));
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
