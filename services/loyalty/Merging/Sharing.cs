using System.Text.Json.Serialization;
using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>The ledger's content went to that of the same person; what comes later is booked there.</summary>
/// <param name="Points">The balance that was handed over; <paramref name="Clawback"/> is what was owed.</param>
/// <param name="Pending">How many of the points were pending, and <paramref name="Held"/> how many were held.</param>
[EventName("loyalty.ledger-closed.v1")]
internal sealed record LedgerClosed(
    Guid Into, Guid Link, long Version, string? Tier, long Points, long Clawback,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Pending = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Held = 0) : DomainEvent;

/// <summary>Another ledger of the same person was taken in: its lots, spend, open returns and debts, each with its origin.</summary>
/// <param name="TierBefore">Null where the ledger had not been opened yet.</param>
/// <param name="Tier">The higher of both; with its review.</param>
/// <param name="NextLapse">When the first of all holds ends; <paramref name="NextRelease"/> the first return window.</param>
[EventName("loyalty.ledger-absorbed.v1")]
internal sealed record LedgerAbsorbed(
    Guid Customer, Guid Link, long Version, LedgerContent Content, string? TierBefore, string? Tier, DateTimeOffset? ReviewAt, long Balance,
    DateTimeOffset? NextExpiry, DateTimeOffset? NextLapse = null, DateTimeOffset? NextRelease = null) : DomainEvent;

/// <summary>A customer turned out to be another person: what is left of these origins went back to them.</summary>
/// <param name="Tier">Null where the ledger had never been its owner's own.</param>
/// <param name="Clawback">What went with them of what was owed; <paramref name="Pending"/> and <paramref name="Held"/>: of the points.</param>
[EventName("loyalty.ledger-given-back.v1")]
internal sealed record LedgerGivenBack(
    Guid Customer, Guid Link, long Version, IReadOnlyList<Guid> Origins, long Points, string? TierBefore, string? Tier, DateTimeOffset? ReviewAt,
    long Balance, DateTimeOffset? NextExpiry, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Clawback = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Pending = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Held = 0) : DomainEvent;

/// <summary>The ledger is the customer's own again, with what was left of it.</summary>
[EventName("loyalty.ledger-reopened.v1")]
internal sealed record LedgerReopened(
    Guid From, Guid Link, long Version, LedgerContent Content, string? Tier, DateTimeOffset? ReviewAt, long Balance, DateTimeOffset? NextExpiry,
    DateTimeOffset? NextLapse = null, DateTimeOffset? NextRelease = null) : DomainEvent;

/// <summary>What changes hands, in the words of the ledger that gets it: no origin and no home mean its own.</summary>
internal sealed record LedgerContent(
    IReadOnlyList<Share> Shares, IReadOnlyList<Lot> Lots, IReadOnlyList<MonthlySpend> Spend, IReadOnlyList<OpenReturn> OpenReturns,
    IReadOnlyList<CapUse>? Caps = null, IReadOnlyList<Hold>? Holds = null)
{
    [JsonIgnore]
    public long Points => Lots.Sum(lot => lot.Points) + Held;

    [JsonIgnore]
    public long Pending => Lots.Where(lot => lot.IsPending).Sum(lot => lot.Points);

    [JsonIgnore]
    public long Held => Holds?.Sum(hold => hold.Points) ?? 0;

    [JsonIgnore]
    public long Clawback => Shares.Sum(share => share.Clawback);
}

/// <summary>What a merged customer brought into a ledger and gets back from it; null is the ledger's own customer.</summary>
/// <param name="Tier">When it was merged; with its review. Null where there was no ledger.</param>
/// <param name="Clawback">How much of what is owed is theirs.</param>
internal sealed record Share(Guid? Customer, string? Tier, DateTimeOffset? ReviewAt, long Clawback)
{
    /// <summary>Adds a debt to its origin's share.</summary>
    public static IReadOnlyList<Share> Owing(IReadOnlyList<Share> shares, Guid? origin, long points) =>
        points == 0 ? shares : [.. shares.Select(share => share.Customer == origin ? share with { Clawback = share.Clawback + points } : share)];

    /// <summary>Takes what was repaid off the debts: first off the origin's own, then off the others' in order.</summary>
    public static IReadOnlyList<Share> Settled(IReadOnlyList<Share> shares, Guid? origin, long points)
    {
        if (points == 0 || shares.Count == 0)
            return shares;
        var settled = shares.ToArray();
        foreach (var index in Enumerable.Range(0, settled.Length).OrderBy(i => settled[i].Customer != origin))
        {
            var paid = Math.Min(points, settled[index].Clawback);
            settled[index] = settled[index] with { Clawback = settled[index].Clawback - paid };
            points -= paid;
        }

        return settled;
    }
}

/// <summary>How ledgers come together and apart. A transfer is booked in both, so that points are neither made nor lost.</summary>
internal static class Sharing
{
    /// <summary>A customer as a ledger names them: null for its own.</summary>
    public static Guid? Seen(Guid? customer, Guid owner) => customer == owner ? null : customer;

    /// <summary>All of a ledger, or what is these origins', as another one names it.</summary>
    public static LedgerContent ContentOf(Ledger ledger, Guid owner, Guid receiver, IReadOnlySet<Guid>? origins)
    {
        return new(
            [.. SharesOf(ledger).Where(share => Goes(share.Customer)).Select(share => share with { Customer = Named(share.Customer) })],
            [.. ledger.Lots.Where(lot => Goes(lot.Origin)).Select(lot => lot with { Origin = Named(lot.Origin), Home = Named(lot.Home) })],
            [.. ledger.Spend.Where(spent => Goes(spent.Origin)).Select(spent => spent with { Origin = Named(spent.Origin) })],
            [.. ledger.OpenReturns.Where(open => Goes(open.Origin)).Select(open => open with { Origin = Named(open.Origin) })],
            ledger.Caps.Count == 0 ? null : [.. ledger.Caps.Where(use => Goes(use.Origin)).Select(use => use with { Origin = Named(use.Origin) })],
            ledger.Holds.Count == 0 ? null : [.. Parts(ledger.Holds, use => Goes(use.Origin), Renamed)]);

        bool Goes(Guid? origin) => origins?.Contains(origin ?? owner) ?? true;

        Guid? Named(Guid? customer) => Seen(customer ?? owner, receiver);

        LotUse Renamed(LotUse use) => use with { Origin = Named(use.Origin), Home = Named(use.Home) };
    }

    public static IReadOnlyList<Share> SharesOf(Ledger ledger) =>
        ledger.Shares.Count > 0 ? ledger.Shares : [new(null, ledger.Tier, ledger.ReviewAt, ledger.Clawback)];

    public static Ledger Join(Ledger ledger, LedgerAbsorbed absorbed) => With(ledger, absorbed.Content, absorbed.NextLapse) with
    {
        Shares = [.. SharesOf(ledger), .. absorbed.Content.Shares],
        Tier = absorbed.Tier,
        ReviewAt = absorbed.ReviewAt,
        Balance = absorbed.Balance,
    };

    public static Ledger Part(Ledger ledger, LedgerGivenBack given)
    {
        var gone = given.Origins.ToHashSet();
        var shares = ledger.Shares.Where(share => Stays(share.Customer)).ToList();
        return ledger with
        {
            Shares = shares.Count > 1 ? shares : [],
            Lots = [.. ledger.Lots.Where(lot => Stays(lot.Origin))],
            Holds = [.. Parts(ledger.Holds, use => Stays(use.Origin), use => use)],
            Spend = [.. ledger.Spend.Where(spent => Stays(spent.Origin))],
            OpenReturns = [.. ledger.OpenReturns.Where(open => Stays(open.Origin))],
            Caps = [.. ledger.Caps.Where(use => Stays(use.Origin))],
            GraceUntil = null,
            Clawback = shares.Sum(share => share.Clawback),
            Tier = given.Tier,
            ReviewAt = given.ReviewAt,
            Balance = given.Balance,
        };

        bool Stays(Guid? origin) => origin is null || !gone.Contains(origin.Value);
    }

    public static Ledger Reopen(Ledger ledger, LedgerReopened reopened) => With(ledger, reopened.Content, reopened.NextLapse) with
    {
        Shares = reopened.Content.Shares.Count > 1 ? reopened.Content.Shares : [],
        Tier = reopened.Tier,
        ReviewAt = reopened.ReviewAt,
        Balance = reopened.Balance,
    };

    /// <summary>Spend of the latest months that are kept, in order.</summary>
    public static IReadOnlyList<MonthlySpend> Latest(IEnumerable<MonthlySpend> spend)
    {
        var known = spend.Where(spent => spent.Minor > 0 || spent.Points > 0 || spent.Visits > 0).ToList();
        var kept = known.Select(spent => spent.Month).Distinct().Order().TakeLast(Ledger.SpendMonthsMax).ToHashSet();
        return [.. known.Where(spent => kept.Contains(spent.Month)).OrderBy(spent => spent.Month).ThenBy(spent => spent.Origin)];
    }

    /// <summary>The parts of holds that meet a condition. One that was parted is whole again when its parts meet.</summary>
    private static IEnumerable<Hold> Parts(IEnumerable<Hold> holds, Func<LotUse, bool> condition, Func<LotUse, LotUse> named) =>
        holds.Select(hold => hold.Part(condition, named)).Where(hold => hold.Lots.Count > 0);

    private static Ledger With(Ledger ledger, LedgerContent content, DateTimeOffset? nextLapse) => ledger with
    {
        Holds =
        [
            .. ledger.Holds.Concat(content.Holds ?? []).GroupBy(hold => hold.Id)
                .Select(parts => parts.First() with
                {
                    Lots = [.. parts.SelectMany(part => part.Lots).OrderBy(use => use.ExpiresAt).ThenBy(use => use.Home).ThenBy(use => use.Lot)],
                }),
        ],
        HoldTimer = nextLapse ?? ledger.HoldTimer,
        Lots = [.. ledger.Lots.Concat(content.Lots).Order(Lot.InOrder)],
        Spend = Latest(ledger.Spend.Concat(content.Spend)),
        OpenReturns = [.. ledger.OpenReturns.Concat(content.OpenReturns).OrderBy(open => open.OccurredAt)],
        Clawback = ledger.Clawback + content.Clawback,
        Caps = content.Caps is { } caps ? CapUse.Add(ledger.Caps, caps) : ledger.Caps,
        GraceUntil = null,
    };
}
