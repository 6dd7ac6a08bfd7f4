using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>
/// What all ledgers come to, counted as events are booked. A transaction adds to the slot of its lowest partition, whose head it holds
/// locked already: counters are never waited for, and a batch costs one row however many events it has.
/// </summary>
internal sealed class Figures : IInlineView
{
    public static Migration Migration { get; } = Migration.Embedded("figures.sql");

    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        if (events.Count == 0)
            return;

        var slot = events.Min(recorded => recorded.Partition);
        var tally = new Tally();
        foreach (var recorded in events.Where(recorded => !CouponModule.Knows(recorded.Event)))
            tally.Count(recorded.Event);
        Add(transaction, slot, tally.Figures);
        Add(transaction, slot, [.. tally.Tiers.Where(tier => tier.Value != 0)]);
    }

    public static async Task<IReadOnlyList<Figure>> ReadAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new(
            """
            select coalesce(sum(members), 0)::bigint, coalesce(sum(earned), 0)::bigint, coalesce(sum(reversed), 0)::bigint,
                   coalesce(sum(expired), 0)::bigint, coalesce(sum(redeemed), 0)::bigint,
                   coalesce(sum(earned - settled - (reversed - clawback) - expired - redeemed), 0)::bigint,
                   coalesce(sum(clawback - settled), 0)::bigint, coalesce(sum(open_returns), 0)::bigint
            from figures
            """));
        batch.BatchCommands.Add(new("select tier, sum(members)::bigint from members_by_tier group by tier having sum(members) > 0 order by 2 desc, 1"));

        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        await rows.ReadAsync(cancellation);
        string[] names =
        [
            "members", "points issued", "points reversed", "points expired", "points redeemed", "points outstanding", "points owed by members",
            "pieces of open unmatched returns",
        ];
        var figures = names.Select((name, column) => new Figure(name, rows.GetInt64(column))).ToList();
        await rows.NextResultAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
            figures.Add(new(string.Create(CultureInfo.InvariantCulture, $"members in tier {rows.GetString(0)}"), rows.GetInt64(1)));
        return figures;
    }

    private static void Add(NpgsqlBatch transaction, int slot, long[] counted)
    {
        if (counted.All(count => count == 0))
            return;
        var command = new NpgsqlBatchCommand(
            """
            insert into figures as f (slot, members, earned, settled, reversed, clawback, expired, redeemed, open_returns)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            on conflict (slot) do update set members = f.members + excluded.members, earned = f.earned + excluded.earned,
              settled = f.settled + excluded.settled, reversed = f.reversed + excluded.reversed, clawback = f.clawback + excluded.clawback,
              expired = f.expired + excluded.expired, redeemed = f.redeemed + excluded.redeemed, open_returns = f.open_returns + excluded.open_returns
            """);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = slot });
        foreach (var count in counted)
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = count });
        transaction.BatchCommands.Add(command);
    }

    private static void Add(NpgsqlBatch transaction, int slot, KeyValuePair<string, long>[] moved)
    {
        if (moved.Length == 0)
            return;
        var command = new NpgsqlBatchCommand(
            """
            insert into members_by_tier as t (slot, tier, members)
            select $1, tier, moved from unnest($2, $3) as m (tier, moved)
            on conflict (slot, tier) do update set members = t.members + excluded.members
            """);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = slot });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. moved.Select(tier => tier.Key)] });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. moved.Select(tier => tier.Value)] });
        transaction.BatchCommands.Add(command);
    }

    private sealed class Tally
    {
        private long members, earned, settled, reversed, clawback, expired, redeemed, openReturns;

        /// <summary>In the order of the table's columns.</summary>
        public long[] Figures => [members, earned, settled, reversed, clawback, expired, redeemed, openReturns];

        public SortedDictionary<string, long> Tiers { get; } = new(StringComparer.Ordinal);

        public void Count(DomainEvent happened)
        {
            switch (happened)
            {
                case MemberEnrolled enrolled:
                    members++;
                    Move(enrolled.Tier, 1);
                    break;
                case PointsEarned earning:
                    earned += earning.Points;
                    settled += earning.Settled;
                    break;
                case PointsReversed reversing:
                    reversed += reversing.Points;
                    clawback += reversing.Clawback;
                    openReturns -= reversing.Claimed ? reversing.Lines.Sum(line => (long)line.Quantity) : 0;
                    break;
                case PointsExpired expiring:
                    expired += expiring.Points;
                    break;
                case PointsRedeemed redeeming:
                    redeemed += redeeming.Points;
                    clawback += redeeming.Clawback;
                    break;
                case PointsRefunded refunding:
                    redeemed -= refunding.Points;
                    settled += refunding.Settled;
                    break;
                case PointsGranted granting:
                    earned += granting.Points;
                    settled += granting.Settled;
                    break;
                case ClawbackSettled settling:
                    settled += settling.Points;
                    break;
                case ReturnUnmatched open:
                    openReturns += open.Quantity;
                    break;
                case TierChanged changed:
                    Move(changed.From, -1);
                    Move(changed.To, 1);
                    break;
                case LedgerClosed closed:
                    Join(closed.Tier, null);
                    break;
                case LedgerAbsorbed absorbed:
                    Join(absorbed.TierBefore, absorbed.Tier);
                    break;
                case LedgerGivenBack given:
                    Join(given.TierBefore, given.Tier);
                    break;
                case LedgerReopened reopened:
                    Join(null, reopened.Tier);
                    break;
                case TierKept or TierGraceGiven or PointsReserved or HoldReleased or HoldTimerSet or PointsReleased:
                    break;
                default:
                    throw new UnreachableException($"Nobody has decided how {happened.GetType().Name} counts.");
            }
        }

        /// <summary>A ledger of somebody, or of nobody: a merge makes one member of two. Points only change hands.</summary>
        private void Join(string? before, string? after)
        {
            members += (after is null ? 0 : 1) - (before is null ? 0 : 1);
            if (before is not null)
                Move(before, -1);
            if (after is not null)
                Move(after, 1);
        }

        private void Move(string tier, long members) => Tiers[tier] = Tiers.GetValueOrDefault(tier) + members;
    }
}
