using Npgsql;

namespace Patron.Runtime.EventStore;

/// <summary>The first round trip: heads are locked, and what the decisions need is loaded.</summary>
internal sealed partial class StoreTransaction
{
    private async Task LoadAsync(List<UnitOfWork> units, CancellationToken cancellation)
    {
        var follows = units is [{ Link: not null }];
        if (follows)
            await PrepareAsync(units[0], cancellation);
        while (!await TryLoadAsync(units, follows, cancellation))
        {
            await RollBackAsync(cancellation);
            if (follows)
                await PrepareAsync(units[0], cancellation);
        }
    }

    /// <summary>False when the memory of links was behind and commands go elsewhere: heads have to be locked anew, in their order.</summary>
    private async Task<bool> TryLoadAsync(List<UnitOfWork> units, bool hasBegun, CancellationToken cancellation)
    {
        var meant = units.SelectMany(u => u.Commands).ToList();
        RouteAll(meant.Where(c => !c.IsExact).Select(c => c.Customer));
        foreach (var command in meant.Where(c => c.IsExact))
            heads.TryAdd(store.PartitionOf(command.Customer), 0);
        foreach (var unit in units.Where(u => u.Timer is not null))
            heads.TryAdd(store.PartitionOf(unit.Timer!.Customer), 0);

        var commands = meant.ConvertAll(Route);
        foreach (var command in commands)
        {
            streams.TryAdd(command.Stream, new LoadedStream(command.Kind, command.Stream, command.Customer));
            streams[command.Stream].KeepsHistory |= command.NeedsHistory;
            if (command.Beside is not { } beside)
                continue;
            streams.TryAdd(beside, new LoadedStream(command.Kind, beside, beside));
            streams[beside].KeepsHistory |= command.NeedsHistory;
        }

        await using var batch = connection.CreateBatch();
        if (!hasBegun)
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

        await LearnLinksAsync(cancellation);
        if (!IsCurrent())
            return false;
        foreach (var stream in outdated)
            await RefoldAsync(stream, cancellation);
        return true;
    }

    /// <summary>Adds the questions that these commands need answered, and tells in the same order what to do with a row of each answer.</summary>
    private List<Action<NpgsqlDataReader, List<LoadedStream>>> Ask(NpgsqlBatch batch, List<UnitOfWork> units, List<Command> commands)
    {
        var answers = new List<Action<NpgsqlDataReader, List<LoadedStream>>>();
        AskHeads(batch);
        answers.Add((row, _) => TakeHead(row));

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
                batch,
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
                batch,
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
