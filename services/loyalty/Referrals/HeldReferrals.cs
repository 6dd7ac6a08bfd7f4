using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>A referral that waits for a person.</summary>
/// <param name="Reason">Such as <c>velocity</c>, <c>self-referral</c>, <c>referral-circle</c> or what a touchpoint told.</param>
internal sealed record HeldReferral(Guid Referrer, Guid Friend, string Reason, DateTimeOffset At);

/// <summary>Referrals that wait, from the moment on in which they are held until they are decided.</summary>
internal sealed class HeldReferrals : IInlineView
{
    private const int ShownMax = 200;

    public static Migration Migration { get; } = Migration.Embedded("referrals.sql");

    public static CustomerTable Table { get; } = new("held_referrals");

    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        var judged = events.Select(recorded => recorded.Event).OfType<ReferralJudged>().ToList();
        var decided = judged.FindAll(it => it.Outcome != ReferralOutcome.Held);
        var held = judged.FindAll(it => it.Outcome == ReferralOutcome.Held);
        if (held.Count > 0)
        {
            Statements.Add(
                transaction,
                """
                insert into held_referrals (customer, friend, reason, at) select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
                on conflict do nothing
                """,
                Statements.Uuids(held.Select(it => it.Referrer)),
                Statements.Uuids(held.Select(it => it.Friend)),
                Statements.Texts(held.Select(it => it.Reason)),
                Statements.Times(held.Select(it => it.At)));
        }

        if (decided.Count > 0)
        {
            Statements.Add(
                transaction,
                "delete from held_referrals h using unnest($1::uuid[]) d (friend) where h.friend = d.friend",
                Statements.Uuids(decided.Select(it => it.Friend)));
        }
    }

    public static async Task<IReadOnlyList<HeldReferral>> ReadAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select customer, friend, reason, at from held_referrals order by at, friend limit $1");
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = ShownMax });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var found = new List<HeldReferral>();
        while (await row.ReadAsync(cancellation))
            found.Add(new(row.GetGuid(0), row.GetGuid(1), row.GetString(2), new DateTimeOffset(row.GetDateTime(3), TimeSpan.Zero)));
        return found;
    }
}
