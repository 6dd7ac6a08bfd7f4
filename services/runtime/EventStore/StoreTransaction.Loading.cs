using Npgsql;

namespace Patron.Runtime.EventStore;

/// <summary>The first round trip: heads are locked, and what the decisions need is loaded.</summary>
internal sealed partial class StoreTransaction
{
    private async Task LoadAsync(List<UnitOfWork> units, CancellationToken cancellation)
    {
        var commands = units.SelectMany(u => u.Commands).ToList();
        foreach (var command in commands)
            heads.TryAdd(store.PartitionOf(command.Customer), 0);
        foreach (var unit in units.Where(u => u.Timer is not null))
            heads.TryAdd(store.PartitionOf(unit.Timer!.Customer), 0);

        foreach (var command in commands)
        {
            streams.TryAdd(command.Stream, new LoadedStream(command));
            streams[command.Stream].KeepsHistory |= command.NeedsHistory;
        }

        await using var batch = connection.CreateBatch();
        Statements.Add(batch, "begin");
        var answers = Ask(batch, units, commands);
        List<LoadedStream> outdated = [];
        await using (var row = await batch.ExecuteReaderAsync(cancellation))
        {
            foreach (var take in answers)
            {
                while (await row.ReadAsync(cancellation))
                    take(row, outdated);
                await row.NextResultAsync(cancellation);
            }
        }

        foreach (var stream in outdated)
            await RefoldAsync(stream, cancellation);
    }

    /// <summary>Adds the questions that these commands need answered, and tells in the same order what to do with a row of each answer.</summary>
    private List<Action<NpgsqlDataReader, List<LoadedStream>>> Ask(NpgsqlBatch batch, List<UnitOfWork> units, List<Command> commands)
    {
        var answers = new List<Action<NpgsqlDataReader, List<LoadedStream>>>();
        Statements.Add(
            batch,
            "select partition, position from heads where partition = any($1) order by partition" + (PlantedBug.Is(Bug.HeadLockDropped) ? "" : " for update"),
            Statements.Smallints(heads.Keys));
        answers.Add((row, _) => heads[row.GetInt16(0)] = row.GetInt64(1));

        if (streams.Count > 0)
        {
            Statements.Add(
                batch, "select stream, version, shape, state, kind from streams where stream = any($1)", Statements.Uuids(streams.Keys));
            answers.Add(TakeStream);
        }

        var used = commands.Where(c => c.IdempotencyKey is not null).Select(c => c.IdempotencyKey!.Value).Distinct().ToList();
        if (used.Count > 0)
        {
            Statements.Add(batch, $"select e.key, {EventReader.Columns} from events e where e.key = any($1)", Statements.Uuids(used));
            answers.Add((row, _) => keys.Add(row.GetGuid(0), store.Reader.Row(row, 1)));
        }

        var histories = streams.Values.Where(s => s.KeepsHistory).Select(s => s.Id).ToList();
        if (histories.Count > 0)
        {
            Statements.Add(
                batch,
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
                batch,
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
                batch,
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
        stream.Version = row.GetInt32(1);
        stream.IsKept = true;
        if (row.GetString(4) != stream.Kind.Name)
        {
            throw new InvalidOperationException(
                $"Stream {row.GetGuid(0)} is of kind '{row.GetString(4)}', not '{stream.Kind.Name}'. Streams of different kinds need different ids.");
        }

        if (row.GetInt32(2) == stream.Kind.Shape)
            stream.State = stream.Kind.Read(row.GetString(3));
        else
            outdated.Add(stream);
    }

    private async Task RefoldAsync(LoadedStream stream, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select {EventReader.Columns} from events e where e.stream = $1 order by e.version", connection);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = stream.Id });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        stream.State = stream.Kind.Initial;
        while (await row.ReadAsync(cancellation))
            stream.State = stream.Kind.Evolve(stream.State, store.Reader.Row(row, 0).Event);
    }
}
