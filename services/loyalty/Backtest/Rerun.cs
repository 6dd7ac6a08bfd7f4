using System.Diagnostics;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>
/// What the ledgers of people who belong together would be under some versions of the programme: their stored events are gone through in order,
/// and each thing that happened to them happens here, with points, lots and tiers decided anew by the ledger's own functions. What customers
/// did stays as it was: what they bought, which pieces came back, and when they redeemed, as far as there are points for it.
/// </summary>
internal sealed partial class Rerun(ProgrammeVersions versions, DateTimeOffset from)
{
    private readonly Dictionary<Guid, RerunLedger> ledgers = [];
    private readonly Dictionary<PurchaseId, RerunPurchase> purchases = [];

    public IReadOnlyDictionary<Guid, RerunLedger> Ledgers => ledgers;

    /// <summary>
    /// All that was booked for people who belong together. Between ledgers only merges give an order, which times do not always tell.
    /// </summary>
    public void TakeAll(CustomerFamily family)
    {
        var waiting = family.Events.GroupBy(recorded => recorded.Stream).ToDictionary(stream => stream.Key, stream => new Queue<RecordedEvent>(stream));
        while (waiting.Values.Where(stream => stream.Count > 0).MinBy(stream => (stream.Peek().Time, stream.Peek().Partition, stream.Peek().Position))
               is { } next)
            Step(next.Peek().Stream, []);

        void Step(Guid customer, HashSet<Guid> above)
        {
            var stream = waiting[customer];
            var first = stream.Peek();
            if (above.Add(customer) && Cause(first.Event) is var (other, link) && waiting.TryGetValue(other, out var causes))
            {
                while (causes.Any(recorded => IsCause(recorded.Event, link)))
                    Step(other, above);
            }

            above.Remove(customer);
            stream.Dequeue();
            Take(first, isEnd: stream.Count == 0 && family.Erased.Contains(customer));
        }
    }

    private static (Guid Other, Guid Link)? Cause(DomainEvent happened) => happened switch
    {
        LedgerAbsorbed absorbed => (absorbed.Customer, absorbed.Link),
        LedgerReopened reopened => (reopened.From, reopened.Link),
        _ => null,
    };

    private static bool IsCause(DomainEvent happened, Guid link) => happened switch
    {
        LedgerClosed closed => closed.Link == link,
        LedgerGivenBack given => given.Link == link,
        _ => false,
    };

    /// <param name="isEnd">It is the last of a customer who was erased: points that nobody can redeem were booked out.</param>
    private void Take(RecordedEvent recorded, bool isEnd)
    {
        var ledger = Of(recorded.Stream);
        if (!ledger.Booking.Goes(recorded))
        {
            Finish(ledger);
            Pass(ledger, recorded.Time);
        }

        ledger.Booking = ledger.Booking.With(recorded);
        switch (recorded.Event)
        {
            case MemberEnrolled enrolled:
                Book(ledger, enrolled with { Tier = versions.At(enrolled.At).Tiers[0].Name }, recorded.Time);
                break;
            case PointsEarned earned:
                Earn(ledger, earned, recorded);
                break;
            case PointsReversed reversed:
                TakeBack(ledger, reversed, recorded.Time);
                break;
            case ReturnUnmatched open:
                Book(ledger, open, recorded.Time);
                break;
            case PointsRedeemed redeemed:
                Redeem(ledger, redeemed, recorded.Time);
                break;
            case PointsGranted granted:
                Grant(ledger, granted, recorded.Time);
                break;
            case PointsReserved reserved:
                Reserve(ledger, reserved, recorded.Time);
                break;
            case HoldReleased released:
                Release(ledger, released, recorded.Time);
                break;
            case PointsRefunded refunded:
                Refund(ledger, refunded, recorded.Time);
                break;
            case PointsExpired { Balance: 0, NextExpiry: null } expired when isEnd:
                Book(ledger, CloseLedger.Decide(ledger.State, expired.CutOff), recorded.Time);
                break;
            case LedgerAbsorbed absorbed:
                Merge(recorded, absorbed);
                break;
            case LedgerGivenBack given:
                Part(recorded, given);
                break;
            case PointsExpired or PointsReleased or PointsExpiring or ExpiryWarningSet or ClawbackSettled or HoldTimerSet:
            case TierChanged or TierKept or TierGraceGiven or LedgerClosed or LedgerReopened:
                // What follows from the programme is decided here anew; both sides of a merge are carried out at the first of them.
                break;
            default:
                throw new UnreachableException($"Nobody has decided what {recorded.Event.GetType().Name} is in a rerun.");
        }
    }

    /// <summary>Nothing more comes up to this moment, which is the last of the period.</summary>
    public void End(DateTimeOffset until)
    {
        foreach (var ledger in ledgers.Values)
        {
            Finish(ledger);
            Pass(ledger, until);
        }
    }

    private RerunLedger Of(Guid customer)
    {
        if (!ledgers.TryGetValue(customer, out var ledger))
            ledgers.Add(customer, ledger = new(customer));
        return ledger;
    }

    private void Earn(RerunLedger ledger, PointsEarned earned, RecordedEvent recorded)
    {
        var purchase = new Purchase(
            earned.Purchase, earned.OccurredAt, earned.Currency,
            [.. earned.Lines.Select(line => new PurchaseLine(line.Product, line.Quantity, line.AmountMinor, line.Category, line.Brand))], [])
        {
            Origin = earned.Origin, Channel = earned.Channel, Store = earned.Store, Receipt = earned.Receipt,
        };
        var again = RecordPurchase.Earn(ledger.State, purchase, versions.At(earned.OccurredAt), recorded.Time);
        purchases[earned.Purchase] = new(recorded.Stream, again);
        Book(ledger, again, recorded.Time);
    }

    /// <summary>The same pieces come back; what they had earned here is taken.</summary>
    private void TakeBack(RerunLedger ledger, PointsReversed reversed, DateTimeOffset time)
    {
        var lines = reversed.Lines.Where(line => purchases.ContainsKey(line.Purchase)).Select(line => purchases[line.Purchase].Take(line)).ToList();
        Book(ledger, ReturnGoods.Reverse(ledger.State, reversed.Return, reversed.Claimed, reversed.At, lines, LotOf, reversed.Origin), time);

        (Guid? Home, int Sequence) LotOf(PurchaseId purchase) =>
            (Sharing.Seen(purchases[purchase].Ledger, ledger.Customer), purchases[purchase].Earned.Lot);
    }

    private void Merge(RecordedEvent recorded, LedgerAbsorbed absorbed)
    {
        var (into, other) = (Of(recorded.Stream), Of(absorbed.Customer));
        Finish(other);
        Pass(other, recorded.Time);
        var handover = new Handover(absorbed.Customer, recorded.Stream, absorbed.Link, absorbed.Version, true, recorded.Time, new HashSet<Guid>());
        Book(into, MergeLedgers.Joined(other.State, into.State, handover, versions.At(recorded.Time)), recorded.Time);
        Book(other, MergeLedgers.Close(other.State, handover), recorded.Time);
    }

    private void Part(RecordedEvent recorded, LedgerGivenBack given)
    {
        var (root, opened) = (Of(recorded.Stream), Of(given.Customer));
        var handover = new Handover(given.Customer, recorded.Stream, given.Link, given.Version, false, recorded.Time, given.Origins.ToHashSet());
        var programme = versions.At(recorded.Time);
        Book(opened, MergeLedgers.Reopen(root.State, opened.State, handover, programme), recorded.Time);
        Book(root, MergeLedgers.GiveBack(root.State, handover, programme), recorded.Time);
    }

    /// <summary>The end of what was booked together: the tier rises to what it has led to.</summary>
    private void Finish(RerunLedger ledger)
    {
        if (ledger.Booking.RaisesTier)
        {
            var at = ledger.Booking.Time;
            var booking = new Booking(ledger.State);
            ReviewTier.Upgrade(booking, versions.At(at), at);
            Book(ledger, booking.Decide(), at);
        }

        ledger.Booking = RerunBooking.None;
    }

    /// <summary>Timers that have become due by a moment.</summary>
    private void Pass(RerunLedger ledger, DateTimeOffset now)
    {
        while (ledger.NextDue is { } due && due <= now)
        {
            var state = ledger.State;
            Book(
                ledger,
                state.NextRelease == due ? ReleasePoints.Decide(state, due)
                : state.NextExpiry == due ? ExpirePoints.Decide(state, due)
                : ReviewTier.Decide(state, versions.At(due), due),
                due);
        }
    }

    private void Book(RerunLedger ledger, Decision decision, DateTimeOffset at)
    {
        foreach (var happened in decision.Events)
            Book(ledger, happened, at);
    }

    private void Book(RerunLedger ledger, DomainEvent happened, DateTimeOffset at)
    {
        ledger.Book(happened, counts: at >= from);
        if (happened is PointsRedeemed or PointsRefunded)
            spent.Add((ledger.Customer, happened));
    }
}

/// <summary>A purchase as it earned in a rerun, and how many pieces of each line came back.</summary>
internal sealed class RerunPurchase(Guid ledger, PointsEarned earned)
{
    private readonly int[] returned = new int[earned.Lines.Count];

    public Guid Ledger => ledger;

    public PointsEarned Earned => earned;

    public ReversedLine Take(ReversedLine line)
    {
        var sold = earned.Lines[line.Line];
        var (points, amount) = (Share(sold.Points), Share(sold.AmountMinor));
        returned[line.Line] += line.Quantity;
        return new(
            line.Purchase, line.Line, line.Product, line.Quantity, Share(sold.AmountMinor) - amount, earned.Month, Share(sold.Points) - points,
            earned.CountsIn);

        long Share(long whole) => (long)((Int128)whole * returned[line.Line] / sold.Quantity);
    }
}
