using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>The member can be told that points are about to expire, once for each of them.</summary>
/// <param name="Points">What expires up to <paramref name="Until"/> unless it is spent.</param>
/// <param name="ExpiresAt">When the first of them do.</param>
/// <param name="Until">Lots that expire up to then are told of by this.</param>
/// <param name="Balance">All points of the ledger.</param>
/// <param name="NextWarning">When the lots after those are to be told of; null where there are none.</param>
[EventName("loyalty.points-expiring.v1")]
internal sealed record PointsExpiring(
    DateTimeOffset At, long Points, DateTimeOffset ExpiresAt, DateTimeOffset Until, long Balance, DateTimeOffset? NextWarning) : DomainEvent;

/// <summary>All that expires soon was told of; the lots after that are told of next.</summary>
[EventName("loyalty.expiry-warning-set.v1")]
internal sealed record ExpiryWarningSet(DateTimeOffset Due) : DomainEvent;

/// <summary>
/// Points are told of a programme's days before they expire, those of a week together, so that somebody who buys every day is not written to
/// every day. The timer stands before the earliest lot; where that was told of already it moves on to the next that was not.
/// </summary>
internal static class WarnOfExpiry
{
    private const int TogetherDays = 7;

    public static Command Command(Guid customer, int days, DateTimeOffset due) =>
        Ledger.Kind.Command(customer, customer, ledger => Decide(ledger, days, due));

    /// <param name="days">How long before; 0 where the programme does not warn.</param>
    public static Decision Decide(Ledger ledger, int days, DateTimeOffset due)
    {
        if (days == 0)
            return Decision.Nothing;
        var untold = ledger.Lots.Where(lot => lot.ExpiresAt > due && !(lot.ExpiresAt <= ledger.WarnedUntil)).ToList();
        if (untold.Count == 0)
            return Decision.Nothing;
        if (DueFor(untold[0].ExpiresAt, days) > due)
            return new ExpiryWarningSet(DueFor(untold[0].ExpiresAt, days));

        var until = due.AddDays(days + TogetherDays);
        var soon = untold.Where(lot => lot.ExpiresAt <= until).ToList();
        var next = untold.Skip(soon.Count).Select(lot => (DateTimeOffset?)DueFor(lot.ExpiresAt, days)).FirstOrDefault();
        return new PointsExpiring(due, soon.Sum(lot => lot.Points), soon[0].ExpiresAt, until, ledger.Balance, next);
    }

    /// <summary>The timer that goes with one of the earliest lot's expiry.</summary>
    public static TimerChange With(TimerChange expiry, int days) =>
        expiry.Due is { } at ? TimerChange.Set(LedgerTimers.Warning, DueFor(at, days)) : TimerChange.Cancel(LedgerTimers.Warning);

    private static DateTimeOffset DueFor(DateTimeOffset expiry, int days) => expiry.AddDays(-days);
}
