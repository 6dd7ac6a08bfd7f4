namespace Patron.Services.Tests.Loyalty;

/// <summary>Redeeming, holding and giving back, point by point.</summary>
internal sealed partial class ReferenceLedger
{
    public bool Redeem(int ledger, int redemption, int wanted, DateTimeOffset at, DateTimeOffset now, bool intoClawback)
    {
        var good = Good(ledger, at);
        var available = Math.Max(0, good.Count - Owed(ledger));
        if (available < wanted && !intoClawback)
            return false;
        var taken = good.Take(Math.Min(available, wanted)).ToList();
        taken.ForEach(point => points.Remove(point));
        var missing = wanted - taken.Count;
        owed[ledger] += missing;
        redemptions.Add(redemption, new(ledger, [.. taken, .. Enumerable.Repeat<Point?>(null, missing)]));
        Redeemed += wanted;
        if (missing > 0)
            Settle(ledger, now);
        return true;
    }

    public bool Reserve(int ledger, int hold, int wanted, DateTimeOffset now, DateTimeOffset until)
    {
        var good = Good(ledger, now);
        if (good.Count - Owed(ledger) < wanted)
            return false;
        foreach (var point in good.Take(wanted))
            point.Hold = hold;
        holds[ledger].Add(hold);
        holdEnds.Add(hold, until);
        return true;
    }

    /// <param name="wanted">Null for all that was asked for, which is refused when some of it is elsewhere.</param>
    public bool Confirm(int ledger, int hold, int redemption, int? wanted, int asked, DateTimeOffset now)
    {
        var held = InHold(ledger, hold);
        if (held.Count == 0 || holdEnds[hold] <= now || held.Count < (wanted ?? asked))
            return false;
        var spent = held.Take(wanted ?? asked).ToList();
        spent.ForEach(point => points.Remove(point));
        redemptions.Add(redemption, new(ledger, [.. spent]));
        Redeemed += spent.Count;
        if (spent.Count < held.Count)
            Free(ledger, hold, now);
        return true;
    }

    public bool Cancel(int ledger, int hold, DateTimeOffset now)
    {
        if (InHold(ledger, hold).Count == 0)
            return false;
        Free(ledger, hold, now);
        return true;
    }

    public void Lapse(int ledger, DateTimeOffset due)
    {
        foreach (var hold in OpenHolds(ledger).Where(hold => holdEnds[hold] <= due).ToList())
            Free(ledger, hold, due);
    }

    /// <param name="expires">Of a lot that is given today.</param>
    /// <param name="grace">Until when points are good that expired before they came back; null for not at all.</param>
    public bool Refund(int ledger, int redemption, int wanted, DateTimeOffset now, DateTimeOffset expires, DateTimeOffset? grace)
    {
        if (!redemptions.TryGetValue(redemption, out var spent) || roots[spent.Ledger] != ledger || spent.Units.Count < wanted || spent.Units.Count == 0)
            return false;
        var back = spent.Units.TakeLast(wanted).Reverse().ToList();
        spent.Units.RemoveRange(spent.Units.Count - wanted, wanted);
        Redeemed -= wanted;
        var debts = back.Count(unit => unit is null);
        var today = debts - Repay(ledger, ledger, debts);
        if (today > 0)
            lots[ledger]++;
        for (var i = 0; i < today; i++)
            points.Add(new(ledger, ledger, lots[ledger], expires));
        foreach (var lot in back.OfType<Point>().GroupBy(point => (point.Home, point.Lot, point.Owner)))
        {
            // Another's lot, and one that is good again after its expiry, are new ones.
            var isOurs = roots[lot.Key.Owner] == ledger;
            var isLate = grace is not null && lot.First().Expires <= now;
            if (!isOurs || isLate)
                lots[ledger]++;
            foreach (var point in lot)
            {
                points.Add(
                    isOurs && !isLate ? new(point.Owner, point.Home, point.Lot, point.Expires)
                    : new(isOurs ? point.Owner : ledger, ledger, lots[ledger], isLate ? grace!.Value : point.Expires));
            }
        }

        Settle(ledger, now);
        Expire(ledger, now);
        return true;
    }

    /// <summary>What was owed is repaid, whoever's debt first; answers how much.</summary>
    private int Repay(int ledger, int first, int most)
    {
        var paid = 0;
        foreach (var origin in Origins(ledger).OrderBy(origin => origin != first))
        {
            for (; paid < most && owed[origin] > 0; paid++)
                owed[origin]--;
        }

        return paid;
    }

    /// <summary>Everybody repays their own debt with their own points.</summary>
    private void Settle(int ledger, DateTimeOffset now)
    {
        foreach (var origin in Origins(ledger))
        {
            while (owed[origin] > 0 && Free(ledger).FirstOrDefault(point => point.Owner == origin && point.Expires > now) is { } point)
            {
                points.Remove(point);
                owed[origin]--;
            }
        }
    }

    private void Free(int ledger, int hold, DateTimeOffset now)
    {
        foreach (var point in InHold(ledger, hold))
            point.Hold = null;
        Expire(ledger, now);
        Settle(ledger, now);
    }

    private List<Point> Good(int ledger, DateTimeOffset at) =>
        [.. Free(ledger).Where(point => point.Expires > at && point.PendingUntil is null)];

    private List<Point> InHold(int ledger, int hold) => [.. Of(ledger).Where(point => point.Hold == hold)
        .OrderBy(point => point.Expires).ThenBy(point => point.Home != ledger).ThenBy(point => point.Home).ThenBy(point => point.Lot)];
}
