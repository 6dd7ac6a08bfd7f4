using System.Globalization;
using Patron.Loyalty;
using Patron.Runtime.EventStore;

namespace Patron.Services.Tests.Loyalty;

/// <summary>What can happen in a history.</summary>
internal sealed partial class LedgerLife
{
    private void Buy(int customer)
    {
        var (ledger, at) = (reference.RootOf(customer), Late());
        var lines = Enumerable.Range(0, random.Next(1, 4))
            .Select(_ => (Product: Products[random.Next(Products.Length)], Quantity: random.Next(1, 5), Minor: random.Next(0, 3_000))).ToList();
        var sales = lines.ConvertAll(line => LedgerStories.Line(line.Product, line.Quantity, line.Minor));
        var purchase = new Purchase(LedgerStories.Receipt(++receipt), at, "GBP", sales, []) { Receipt = Receipts.KeyOf("pos", $"{receipt}") };
        Story.Add($"{now:u} {customer} buys {receipt} at {at:u}: {string.Join(", ", lines)}");
        Book(ledger, RecordPurchase.Decide(ledgers[ledger], History(ledger), purchase.Seen(ids[customer], ids[ledger]), programme, now));
        reference.Buy(customer, receipt, at, programme.ExpiryOf(at), programme.AvailableFrom(at, now), lines);
        reference.Rate(now, review: false);
        visits++;
        foreach (var (product, quantity, _) in lines)
            pieces[product] = pieces.GetValueOrDefault(product) + quantity;
    }

    private void Return(int customer, string product, int quantity, DateTimeOffset at, int? of)
    {
        var ledger = reference.RootOf(customer);
        Story.Add($"{now:u} {customer} returns {receipt + 1} at {at:u}: {quantity} {product} of {Told(of)}");
        var document = new Purchase(LedgerStories.Receipt(++receipt), at, "GBP", [], [LedgerStories.Line(product, quantity, 0)])
        {
            ReturnsOf = of is null ? null : random.Next(2) == 0 ? LedgerStories.Receipt(of.Value).Value : Receipts.KeyOf("pos", $"{of}"),
        };
        Book(ledger, RecordPurchase.Decide(ledgers[ledger], History(ledger), document.Seen(ids[customer], ids[ledger]), programme, now));
        reference.Return(customer, receipt, at, product, quantity, of);
        reference.Rate(now, review: false);
    }

    private void Redeem(int customer, int points, DateTimeOffset at, bool intoClawback)
    {
        var ledger = reference.RootOf(customer);
        if (ledgers[ledger].Tier is null)
            return;
        Story.Add($"{now:u} {customer} redeems {++receipt}, {points} at {at:u}{(intoClawback ? " or owes them" : "")}");
        var wanted = new Redemption(new(Number(receipt)), points, "voucher", at, intoClawback);
        var decision = RedeemPoints.Decide(ledgers[ledger], wanted, now);
        Agree("redeeming", decision, reference.Redeem(ledger, receipt, points, at, now, intoClawback));
        Book(ledger, decision);
    }

    private void Reserve(int customer, int points)
    {
        var (ledger, seconds) = (reference.RootOf(customer), random.Next(4) == 0 ? ReservePoints.SecondsMax : random.Next(30, 900));
        if (ledgers[ledger].Tier is null)
            return;

        // A hold lasts a day at most, so that the hours before its end are what counts.
        Story.Add($"{now:u} {customer} reserves {++receipt}, {points} for {seconds}");
        var decision = ReservePoints.Decide(ledgers[ledger], new(new(Number(receipt)), points, "voucher", seconds), now);
        Agree("reserving", decision, reference.Reserve(ledger, receipt, points, now, now.AddSeconds(seconds)));
        Book(ledger, decision);
        holds.Add((receipt, points));
        if (random.Next(3) == 0)
            return;
        Compare();
        Advance(TimeSpan.FromSeconds(random.Next(1, 60)));
        switch (random.Next(6))
        {
            case 5:
                Reserve(customer, random.Next(1, 10));
                break;
            case < 2:
                Confirm(customer);
                break;
            case 2:
                Cancel(customer);
                break;
            case 3 when ids.Length > 1:
                Link();
                Compare();
                Confirm(customer);
                break;
            default:
                Return(customer, Products[random.Next(Products.Length)], random.Next(1, 4), now, null);
                break;
        }
    }

    private void Confirm(int customer)
    {
        if (holds.Count == 0)
            return;
        var (ledger, (hold, asked)) = (reference.RootOf(customer), holds[^1]);
        int? points = random.Next(2) == 0 ? null : random.Next(1, asked + 2);
        Story.Add($"{now:u} {customer} confirms {hold} as {++receipt}, {Told(points)}");
        var decision = ConfirmHold.Decide(ledgers[ledger], new(Number(hold)), new(Number(receipt)), points, now);
        Agree("confirming", decision, reference.Confirm(ledger, hold, receipt, points, asked, now));
        Book(ledger, decision);
    }

    private void Cancel(int customer)
    {
        if (holds.Count == 0)
            return;
        var (ledger, hold) = (reference.RootOf(customer), holds[^1].Hold);
        Story.Add($"{now:u} {customer} cancels {hold}");
        var decision = ReleaseHold.Decide(ledgers[ledger], new HoldId(Number(hold)), now);
        Agree("cancelling", decision, reference.Cancel(ledger, hold, now));
        Book(ledger, decision);
    }

    private void Refund(int customer)
    {
        var ledger = reference.RootOf(customer);
        var known = reference.Refundable(ledger).ToList();
        if (known.Count == 0)
            return;
        var (redemption, left) = known[random.Next(known.Count)];
        int? points = random.Next(2) == 0 ? null : random.Next(1, left + 2);
        Story.Add($"{now:u} {customer} gets {redemption} back, {Told(points)} of {left}");
        var decision = RefundPoints.Decide(
            ledgers[ledger], History(ledger), new(new(Number(++receipt)), new(Number(redemption)), points), programme, now);
        DateTimeOffset? grace = programme.RefundGraceDays == 0 ? null : programme.CutOffAfterDays(now, programme.RefundGraceDays);
        Agree("refunding", decision, reference.Refund(ledger, redemption, points ?? left, now, programme.ExpiryOf(now), grace));
        Book(ledger, decision);
    }

    /// <summary>The second customer turns out to be the first, or not to be after all.</summary>
    private void Link()
    {
        if (ids.Length == 1)
            return;
        var merge = reference.RootOf(1) == 1;
        Story.Add($"{now:u} {(merge ? "merged" : "parted")}");
        var handover = new Handover(ids[1], ids[0], Number(++receipt), ++version, merge, now, new HashSet<Guid> { ids[1] });
        var (away, root) = (ledgers[1], ledgers[0]);
        wereLinked = true;
        if (merge)
        {
            Book(0, MergeLedgers.Absorb(away, root, History(0), handover, programme));
            Book(1, MergeLedgers.Close(away, handover));
            reference.Merge(1, 0);
        }
        else
        {
            Book(1, MergeLedgers.Reopen(root, away, handover, programme));
            Book(0, MergeLedgers.GiveBack(root, handover, programme));
            reference.Split(1, 0);
        }
    }

    private void ReturnEverything()
    {
        Advance(TimeSpan.FromDays(1));
        foreach (var (product, quantity) in pieces)
            Return(0, product, quantity, now, null);
        Compare();
        Same("reversed by a full return of everything", reference.Reversed, reference.Earned);
        Difference ??= ledgers[0].Spend.All(spent => (spent.Minor, spent.Points) == (0, 0)) ? null : "a full return of everything leaves spend";
    }

    private void Agree(string what, Decision decision, bool allowed)
    {
        if ((decision.Refusal is null) != allowed)
            Difference ??= $"{what}: {decision.Refusal}, the reference says {allowed}";
    }

    private static string Told(int? number) => number is { } told ? told.ToString(CultureInfo.InvariantCulture) : "any";

    private static Guid Number(int number) => new(number, 2, 2, new byte[8]);
}
