using Npgsql;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Channels.Email;

/// <summary>Keeps the newest consent of each customer and purpose; an older version loses.</summary>
internal sealed class ConsentRows(string channel) : IBatchEffect
{
    private static readonly string[] FactTypes = [ConsentChanged.Descriptor.FullName, OptInRequested.Descriptor.FullName];

    public void Apply(IReadOnlyList<ConsumedFact> facts, NpgsqlBatch transaction)
    {
        var newest = new Dictionary<(Guid Customer, string Purpose), Row>();
        foreach (var fact in facts.Where(f => FactTypes.Contains(f.Context.Envelope.Type) && f.Value is not null))
        {
            var row = RowOf(fact);
            var key = (fact.Context.Customer, row.Purpose);
            if (row.Channel == channel && (!newest.TryGetValue(key, out var other) || row.Version > other.Version))
                newest[key] = row;
        }

        if (newest.Count == 0)
            return;
        Statements.Add(
            transaction,
            """
            insert into consents as c (customer, purpose, granted, pending, version, changed_at)
            select * from unnest($1::uuid[], $2::text[], $3::boolean[], $4::boolean[], $5::bigint[], $6::timestamptz[])
            on conflict (customer, purpose) do update set granted = excluded.granted, pending = excluded.pending, version = excluded.version,
              changed_at = excluded.changed_at
            where excluded.version > c.version
            """,
            Statements.Uuids(newest.Keys.Select(k => k.Customer)),
            Statements.Texts(newest.Keys.Select(k => k.Purpose)),
            Statements.Booleans(newest.Values.Select(c => c.Granted)),
            Statements.Booleans(newest.Values.Select(c => c.Pending)),
            Statements.Bigints(newest.Values.Select(c => c.Version)),
            Statements.Times(newest.Values.Select(c => c.ChangedAt)));
    }

    private static Row RowOf(ConsumedFact fact)
    {
        if (fact.Context.Envelope.Type == OptInRequested.Descriptor.FullName)
        {
            var asked = OptInRequested.Parser.ParseFrom(fact.Value!.Value.Span);
            return new Row(asked.Channel, asked.Purpose, Granted: false, Pending: true, asked.Version, asked.RequestedAt.ToDateTimeOffset());
        }

        var changed = ConsentChanged.Parser.ParseFrom(fact.Value!.Value.Span);
        return new Row(
            changed.Channel, changed.Purpose, changed.State == ConsentState.Granted, Pending: false, changed.Version, changed.ChangedAt.ToDateTimeOffset());
    }

    private sealed record Row(string Channel, string Purpose, bool Granted, bool Pending, long Version, DateTimeOffset ChangedAt);
}

/// <summary>Writes what recipients withdrew by themselves, in the transaction of the event, and what profile is yet to be told.</summary>
internal sealed class SuppressionRows : IInlineView
{
    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        var withdrawn = events.Where(e => e.Event is Unsubscribed).Select(e => (e.Customer, e.Time, Event: (Unsubscribed)e.Event)).ToList();
        if (withdrawn.Count > 0)
        {
            var latest = withdrawn.GroupBy(w => (w.Event.Recipient, w.Event.Purpose)).Select(g => g.Last()).ToList();
            Statements.Add(
                transaction,
                """
                insert into suppressions (recipient, purpose, customer, consent_version, since)
                select * from unnest($1::text[], $2::text[], $3::uuid[], $4::bigint[], $5::timestamptz[])
                on conflict (recipient, purpose) do update set customer = excluded.customer, consent_version = excluded.consent_version, since = excluded.since
                """,
                Statements.Texts(latest.Select(w => w.Event.Recipient)),
                Statements.Texts(latest.Select(w => w.Event.Purpose)),
                Statements.Uuids(latest.Select(w => w.Customer)),
                Statements.Bigints(latest.Select(w => w.Event.ConsentVersion)),
                Statements.Times(latest.Select(w => w.Time)));
            Statements.Add(
                transaction,
                """
                insert into untold (notice, customer, purpose, recipient, since)
                select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])
                """,
                Statements.Uuids(withdrawn.Select(w => w.Event.Notice)),
                Statements.Uuids(withdrawn.Select(w => w.Customer)),
                Statements.Texts(withdrawn.Select(w => w.Event.Purpose)),
                Statements.Texts(withdrawn.Select(w => w.Event.Recipient)),
                Statements.Times(withdrawn.Select(w => w.Time)));
        }

        var told = events.Select(e => e.Event).OfType<ProfileTold>().Select(e => e.Notice).ToList();
        if (told.Count > 0)
            Statements.Add(transaction, "delete from untold where notice = any($1)", Statements.Uuids(told));
    }
}

/// <summary>Whether a recipient may be sent to, asked of the committed rows.</summary>
internal sealed class Gate(NpgsqlDataSource database)
{
    public NpgsqlDataSource Database => database;

    /// <summary>
    /// The sends whose gate is open. Asked after the calls are committed and before they are made: a withdrawal is committed before it looks
    /// for calls under way, so one of the two sees the other.
    /// </summary>
    public async Task<HashSet<Guid>> OpenAsync(IReadOnlyList<PreparedSend> sends, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select w.send from unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[]) w (send, purpose, recipient, opt_in)
            join outbox o on o.send = w.send
            join consents c on c.customer = o.customer and c.purpose = w.purpose and case when w.opt_in then c.pending else c.granted end
            left join suppressions s on s.recipient = w.recipient and s.purpose = w.purpose
            where s.recipient is null
              or (c.changed_at > s.since and case when s.customer = o.customer then c.version > s.consent_version else root_of(s.customer) = o.customer end)
            """);
        command.Parameters.Add(Statements.Uuids(sends.Select(s => s.Row.Send)));
        command.Parameters.Add(Statements.Texts(sends.Select(s => s.Row.Purpose)));
        command.Parameters.Add(Statements.Texts(sends.Select(s => s.Recipient)));
        command.Parameters.Add(Statements.Booleans(sends.Select(s => s.Row.OptIn)));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var open = new HashSet<Guid>();
        while (await row.ReadAsync(cancellation))
            open.Add(row.GetGuid(0));
        return open;
    }

    /// <summary>The version of the newest consent that is known here; 0 when there is none.</summary>
    public async Task<long> ConsentVersionAsync(Guid customer, string purpose, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select version from consents where customer = root_of($1) and purpose = $2");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = customer });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = purpose });
        return await command.ExecuteScalarAsync(cancellation) as long? ?? 0;
    }

    /// <summary>True while a message to the recipient is being handed over.</summary>
    public async Task<bool> IsCallingAsync(string recipient, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select exists (select 1 from outbox where recipient = $1 and attempt is not null)");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = recipient });
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
