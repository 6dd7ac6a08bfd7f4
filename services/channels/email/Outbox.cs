using System.Text.Json;
using Npgsql;
using Patron.Runtime.EventStore;

namespace Patron.Channels.Email;

/// <summary>
/// A send that waits for its turn, with what is known of its customer. Null contact: profile's state has not arrived yet. One without an address
/// counts as that where customers were merged or parted: addresses change hands then, and the topic that tells so may be behind.
/// </summary>
/// <param name="Granted">The gate is open as far as is known: for a mail that asks for confirmation, the request stands.</param>
internal sealed record OutboxRow(
    Guid Send, Guid Customer, string Purpose, string Template, IReadOnlyDictionary<string, string> Data, DateTimeOffset Deadline, int Deferrals,
    SealedContact? Contact, bool Granted, bool OptIn);

/// <summary>A call that was under way when its process ended.</summary>
internal sealed record OpenCall(Guid Send, Guid Customer, Guid Attempt);

/// <summary>The sends that are not at their end, written in the transaction of their events; announces new ones before they are visible.</summary>
internal sealed class OutboxRows(Action<IEnumerable<Guid>> announce) : IInlineView
{
    private static readonly Dictionary<string, string> NoData = [];

    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        var claimed = events.Where(e => e.Event is SendClaimed or OptInClaimed).ToList();
        if (claimed.Count > 0)
            Insert(claimed, transaction);
        var called = events.Where(e => e.Event is Calling or Deferred).ToList();
        if (called.Count > 0)
            Update(called, transaction);
        var ended = events.Where(e => e.Event is Sent or Suppressed or Failed or Uncertain).Select(e => e.Stream).ToList();
        if (ended.Count > 0)
            Statements.Add(transaction, "delete from outbox where send = any($1)", Statements.Uuids(ended));
        if (claimed.Count > 0)
            announce(claimed.Select(e => e.Stream));
    }

    private static void Insert(List<RecordedEvent> claimed, NpgsqlBatch transaction)
    {
        var claims = claimed.ConvertAll(e => ClaimOf(e.Event));
        Statements.Add(
            transaction,
            """
            insert into outbox (send, customer, partition, purpose, template, data, deadline, claimed_at, opt_in)
            select * from unnest(
              $1::uuid[], $2::uuid[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[], $9::boolean[])
            """,
            Statements.Uuids(claimed.Select(e => e.Stream)),
            Statements.Uuids(claimed.Select(e => e.Customer)),
            Statements.Smallints(claimed.Select(e => e.Partition)),
            Statements.Texts(claims.Select(c => c.Purpose)),
            Statements.Texts(claims.Select(c => c.Template)),
            Statements.Texts(claims.Select(c => JsonSerializer.Serialize(c.Data, EmailJson.Default.IReadOnlyDictionaryStringString))),
            Statements.Times(claims.Select(c => c.Deadline)),
            Statements.Times(claimed.Select(e => e.Time)),
            Statements.Booleans(claimed.Select(e => e.Event is OptInClaimed)));
    }

    private static SendClaimed ClaimOf(DomainEvent happened) => happened as SendClaimed
        ?? new SendClaimed("", "", ((OptInClaimed)happened).Purpose, OptIn.Template, NoData, ((OptInClaimed)happened).Deadline);

    // In a transaction a send may be deferred and called again only in two rounds, so each send is here once.
    private static void Update(List<RecordedEvent> changes, NpgsqlBatch transaction) => Statements.Add(
        transaction,
        """
        update outbox o set attempt = u.attempt, message_id = u.message_id, recipient = u.recipient, deferrals = o.deferrals + u.deferred
        from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[]) u (send, attempt, message_id, recipient, deferred)
        where o.send = u.send
        """,
        Statements.Uuids(changes.Select(e => e.Stream)),
        Statements.NullableUuids(changes.Select(e => (e.Event as Calling)?.Attempt)),
        Statements.Texts(changes.Select(e => (e.Event as Calling)?.MessageId)),
        Statements.Texts(changes.Select(e => (e.Event as Calling)?.Recipient)),
        Statements.Ints(changes.Select(e => e.Event is Deferred ? 1 : 0)));
}

/// <summary>Reads the outbox, set-based.</summary>
internal sealed class Outbox(NpgsqlDataSource database)
{
    /// <summary>Those of the sends that wait; one that is missing is not committed yet, or at its end.</summary>
    public async Task<Dictionary<Guid, OutboxRow>> LoadAsync(IReadOnlyCollection<Guid> sends, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select o.send, o.customer, o.purpose, o.template, o.data, o.deadline, o.deferrals,
                   c.given_name, c.family_name, c.email, c.language, coalesce(case when o.opt_in then k.pending else k.granted end, false), o.opt_in
            from outbox o
            left join contacts c on c.customer = o.customer
              and (c.email <> '' or not exists (select from links l where l.customer = o.customer or l.other = o.customer))
            left join consents k on k.customer = o.customer and k.purpose = o.purpose
            where o.send = any($1) and o.attempt is null
            """);
        command.Parameters.Add(Statements.Uuids(sends));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var rows = new Dictionary<Guid, OutboxRow>(sends.Count);
        while (await row.ReadAsync(cancellation))
        {
            var contact = row.IsDBNull(9) ? null : new SealedContact(row.GetString(7), row.GetString(8), row.GetString(9), row.GetString(10));
            rows.Add(row.GetGuid(0), new OutboxRow(
                row.GetGuid(0), row.GetGuid(1), row.GetString(2), row.GetString(3),
                JsonSerializer.Deserialize(row.GetString(4), EmailJson.Default.IReadOnlyDictionaryStringString)!,
                new DateTimeOffset(row.GetDateTime(5), TimeSpan.Zero), row.GetInt32(6), contact, row.GetBoolean(11),
                row.GetBoolean(12)));
        }

        return rows;
    }

    /// <summary>The oldest sends that wait in these partitions, except the known ones.</summary>
    public async Task<IReadOnlyList<Guid>> WaitingAsync(
        IReadOnlyCollection<int> partitions, IReadOnlyCollection<Guid> known, int sendsMax, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select send from outbox where partition = any($1) and attempt is null and send <> all($2) order by claimed_at limit $3");
        command.Parameters.Add(Statements.Smallints(partitions));
        command.Parameters.Add(Statements.Uuids(known));
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = sendsMax });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var sends = new List<Guid>();
        while (await row.ReadAsync(cancellation))
            sends.Add(row.GetGuid(0));
        return sends;
    }

    /// <summary>Calls of these partitions that nobody here has under way.</summary>
    public async Task<IReadOnlyList<OpenCall>> OpenCallsAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select send, customer, attempt from outbox where partition = any($1) and attempt is not null");
        command.Parameters.Add(Statements.Smallints(partitions));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var calls = new List<OpenCall>();
        while (await row.ReadAsync(cancellation))
            calls.Add(new OpenCall(row.GetGuid(0), row.GetGuid(1), row.GetGuid(2)));
        return calls;
    }

    public async Task<long> CountAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select count(*) from outbox");
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
