using Npgsql;

namespace Patron.Runtime.EventStore;

/// <summary>Applies what the events of a transaction set or cancel, and deletes what fired; the last change of a timer wins.</summary>
internal static class TimerStatements
{
    public static void Write(
        NpgsqlBatch batch,
        IEnumerable<UnitOfWork> units,
        LoadedTimers loaded,
        IEnumerable<RecordedEvent> appended,
        Func<RecordedEvent, IEnumerable<TimerChange>>? timersOf)
    {
        var changes = new Dictionary<(Guid Stream, string Name), (RecordedEvent? Event, DateTimeOffset? Due)>();
        if (timersOf is not null)
        {
            foreach (var happened in appended)
            {
                foreach (var change in timersOf(happened))
                    changes[(happened.Stream, change.Name)] = (happened, change.Due);
            }
        }

        // After an event that set the timer for the very moment at which it then fired, it is over all the same.
        foreach (var unit in units)
        {
            if (unit is { Timer: { } timer, Fired: true } && !loaded.IsSet(timer) && !PlantedBug.Is(Bug.TimerStays))
                changes[(timer.Stream, timer.Name)] = (null, null);
        }

        var cancelled = changes.Where(c => c.Value.Due is null).ToList();
        if (cancelled.Count > 0)
        {
            Statements.Add(
                batch,
                "delete from timers t using unnest($1::uuid[], $2::text[]) u (stream, name) where t.stream = u.stream and t.name = u.name",
                Statements.Uuids(cancelled.Select(c => c.Key.Stream)),
                Statements.Texts(cancelled.Select(c => c.Key.Name)));
        }

        var set = changes.Where(c => c.Value.Due is not null).ToList();
        if (set.Count > 0)
        {
            Statements.Add(
                batch,
                """
                insert into timers (stream, name, due, customer, partition)
                select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::uuid[], $5::smallint[])
                on conflict (stream, name) do update set due = excluded.due
                """,
                Statements.Uuids(set.Select(c => c.Key.Stream)),
                Statements.Texts(set.Select(c => c.Key.Name)),
                Statements.Times(set.Select(c => c.Value.Due!.Value)),
                Statements.Uuids(set.Select(c => c.Value.Event!.Customer)),
                Statements.Smallints(set.Select(c => c.Value.Event!.Partition)));
        }
    }
}
