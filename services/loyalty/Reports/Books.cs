using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Projections;

namespace Patron.Loyalty;

/// <summary>
/// The books of all ledgers as sums: what each account holds, by the month of the business time, and what expires when. It follows the store,
/// can be built anew from it, and decides nothing.
/// </summary>
internal static class Books
{
    public const string Name = "books";

    private const int RecordsPerStepMax = 10_000;
    private static readonly TimeSpan StepEvery = TimeSpan.FromSeconds(1);

    private const string Tables = """
        create table books_accounts (
          account text not null,
          month int not null,
          points bigint not null,
          primary key (account, month)
        ) with (fillfactor = 70);
        create table books_expiries (
          expires_at timestamptz primary key,
          points bigint not null
        ) with (fillfactor = 70);
        """;

    public static Projection Projection { get; } = CreateProjection();

    /// <summary>How many points of lots come to, or leave, each expiry. Points that are held expire only when they come back.</summary>
    public static IEnumerable<(DateTimeOffset ExpiresAt, long Points)> Expiries(DomainEvent happened) => happened switch
    {
        PointsEarned { Lot: > 0 } e => [(e.ExpiresAt, e.Points - e.Settled)],
        PointsGranted { Lot: > 0 } e => [(e.ExpiresAt, e.Points - e.Settled)],
        PointsReversed e => Of(e.Lots, -1),
        PointsRedeemed { Hold: null } e => Of(e.Lots, -1),
        PointsExpired e => Of(e.Lots, -1),
        PointsReserved e => Of(e.Lots, -1),
        ClawbackSettled e => Of(e.Lots, -1),
        HoldReleased e => Of(e.Lots, 1),
        PointsRefunded e => Of(e.Lots, 1),

        // Lots that change hands stay, and others have no lots.
        _ => [],
    };

    private static Projection CreateProjection()
    {
        var projection = Projection.OfStore(Name, 1, Tables, Apply);
        (projection.RecordsPerStepMax, projection.StepEvery) = (RecordsPerStepMax, StepEvery);
        return projection;
    }

    private static IEnumerable<(DateTimeOffset ExpiresAt, long Points)> Of(IReadOnlyList<LotUse> uses, int sign) =>
        uses.Where(use => use.ExpiresAt is not null).Select(use => (use.ExpiresAt!.Value, sign * use.Points));

    private static void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        var accounts = new SortedDictionary<(string Account, int Month), long>();
        var expiries = new SortedDictionary<DateTimeOffset, long>();
        foreach (var recorded in events.Where(recorded => !CouponModule.Knows(recorded.Event)))
        {
            var posting = Journal.Of(recorded.Event);
            var at = (posting.At ?? recorded.Time).UtcDateTime;
            foreach (var (account, points) in posting.Entries)
                accounts[(account, (at.Year * 100) + at.Month)] = accounts.GetValueOrDefault((account, (at.Year * 100) + at.Month)) + points;
            foreach (var (expires, points) in Expiries(recorded.Event))
                expiries[expires] = expiries.GetValueOrDefault(expires) + points;
        }

        var (moved, shifted) = (accounts.Where(sum => sum.Value != 0).ToList(), expiries.Where(sum => sum.Value != 0).ToList());
        if (moved.Count > 0)
        {
            Statements.Add(
                transaction,
                """
                insert into books_accounts as b (account, month, points) select * from unnest($1::text[], $2::int[], $3::bigint[])
                on conflict (account, month) do update set points = b.points + excluded.points
                """,
                Statements.Texts(moved.Select(sum => sum.Key.Account)),
                Statements.Ints(moved.Select(sum => sum.Key.Month)),
                Statements.Bigints(moved.Select(sum => sum.Value)));
        }

        if (shifted.Count > 0)
        {
            Statements.Add(
                transaction,
                """
                insert into books_expiries as b (expires_at, points) select * from unnest($1::timestamptz[], $2::bigint[])
                on conflict (expires_at) do update set points = b.points + excluded.points
                """,
                Statements.Times(shifted.Select(sum => sum.Key)),
                Statements.Bigints(shifted.Select(sum => sum.Value)));
        }
    }
}
