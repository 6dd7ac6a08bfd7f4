using System.Diagnostics;
using System.Globalization;
using Patron.Contracts;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>The ledger's part of a customer's story, told from its events.</summary>
internal static class Timeline
{
    public static IReadOnlyList<TimelineEntry> Of(IEnumerable<RecordedEvent> events) =>
        [.. events.Where(IsOfLedger).GroupBy(recorded => recorded.Time).SelectMany(Together).Concat(OfCoupons(events)).OrderBy(entry => entry.Time)];

    private static bool IsOfLedger(RecordedEvent recorded) =>
        !CouponModule.Knows(recorded.Event) && recorded.Event is not (HoldTimerSet or PointsReleased { Points: 0 });

    private static IEnumerable<TimelineEntry> OfCoupons(IEnumerable<RecordedEvent> events) =>
        events.Select(recorded => CouponFacts.Tell(recorded.Event)).OfType<(DateTimeOffset At, string What, string Why)>()
            .Select(told => Tell(told.At, told.What, told.Why));

    internal static string Reason(TierChanged changed)
    {
        if (changed.By is { } by)
        {
            return changed.Upgrade
                ? $"{Done(by, changed.Currency)} since {Month(changed.Since)} reaches {changed.To}, which asks for {Asked(by, changed.Currency)}"
                : $"{Done(by, changed.Currency)} since {Month(changed.Since)} is less than the {Asked(by, changed.Currency)} that {changed.From} needs";
        }

        var spent = $"{Money.Text(changed.SpendMinor, changed.Currency)} spent since {Month(changed.Since)}";
        var threshold = Money.Text(changed.ThresholdMinor, changed.Currency);
        return changed.Upgrade
            ? $"{spent} reaches {changed.To}, which starts at {threshold}"
            : $"{spent} is less than the {threshold} that {changed.From} needs";
    }

    /// <summary>What was booked together; who joined by a purchase joined when it was made, not when it was booked.</summary>
    private static IEnumerable<TimelineEntry> Together(IEnumerable<RecordedEvent> booked)
    {
        var entries = booked.Select(recorded => (recorded.Event, Entry: Entry(recorded.Event, recorded.Time))).ToList();
        var first = entries.Min(e => e.Entry.Time);
        return entries.Select(e => e.Event is MemberEnrolled ? e.Entry with { Time = first } : e.Entry);
    }

    private static TimelineEntry Entry(DomainEvent happened, DateTimeOffset booked) => happened switch
    {
        MemberEnrolled enrolled => Tell(enrolled.At, $"Joined as {enrolled.Tier}", "First purchase or return of a known customer"),
        PointsEarned earned => Tell(earned.OccurredAt, $"Earned {earned.Points} points", WhyEarned(earned)),
        PointsReversed reversed => Tell(booked, $"Gave back {reversed.Points} points", WhyReversed(reversed)),
        ReturnUnmatched open => Tell(
            open.OccurredAt, $"Returned {open.Quantity} × {open.Product} without a known purchase",
            "No earlier purchase of this product has as many pieces left; stays open until one arrives"),
        PointsRedeemed redeemed => Tell(redeemed.At, $"Redeemed {redeemed.Points} points", WhyRedeemed(redeemed)),
        PointsReserved reserved => Tell(
            reserved.At, $"Reserved {reserved.Points} points",
            $"{reserved.Reason}; promised until {reserved.Until:u}; {reserved.Available} can still be spent"),
        HoldReleased released => Tell(
            released.At, $"{released.Points} reserved points are free again", $"The hold was {Ended(released.Why)}; balance {released.Balance}"),
        PointsRefunded refunded => Tell(
            refunded.At, $"Got {refunded.Points} redeemed points back",
            $"What they paid came back: to their lots, with their expiry; balance {refunded.Balance}"),
        ClawbackSettled settled => Tell(settled.At, $"{settled.Points} points repaid what was owed", $"Points came back; balance {settled.Balance}"),
        PointsGranted granted => Tell(granted.At, $"Got {granted.Points} points", $"{granted.Reason}{By(granted.Partner)}; balance {granted.Balance}"),
        PointsReleased released => Tell(released.CutOff, $"{released.Points} pending points became available", "The return window has closed"),
        PointsExpired expired => Tell(
            expired.CutOff, $"{expired.Points} points expired", $"{expired.Lots.Count} lot(s) reached their cut-off; {expired.Balance} left"),
        TierChanged changed => Tell(changed.At, $"Tier changed from {changed.From} to {changed.To}", Reason(changed)),
        TierKept kept => Tell(
            kept.At, $"Kept {kept.Tier}",
            $"{Done(Measures(kept.By, kept.SpendMinor, kept.ThresholdMinor), kept.Currency)} since {Month(kept.Since)} is enough for "
            + Asked(Measures(kept.By, kept.SpendMinor, kept.ThresholdMinor), kept.Currency)),
        TierGraceGiven grace => Tell(
            grace.At, $"Keeps {grace.Tier} for some days more",
            $"{Done(Measures(grace.By, grace.SpendMinor, grace.ThresholdMinor), grace.Currency)} since {Month(grace.Since)} is less than the "
            + $"{Asked(Measures(grace.By, grace.SpendMinor, grace.ThresholdMinor), grace.Currency)} that it needs; it is lost at {grace.Until:u} otherwise"),
        LedgerClosed closed => Tell(booked, $"{closed.Points} points went to the ledger of the same person", $"Merged into customer {closed.Into:D}"),
        LedgerAbsorbed absorbed => Tell(
            booked, $"Took {absorbed.Content.Points} points over", $"Customer {absorbed.Customer:D} is the same person; balance {absorbed.Balance}"),
        LedgerGivenBack given => Tell(
            booked, $"Gave {given.Points} points back", $"Customer {given.Customer:D} is another person after all; balance {given.Balance}"),
        LedgerReopened reopened => Tell(
            booked, $"Got {reopened.Content.Points} points back", $"Not the same person as customer {reopened.From:D}; balance {reopened.Balance}"),
        _ => throw new UnreachableException($"The timeline does not know {happened.GetType().Name}."),
    };

    private static string WhyEarned(PointsEarned earned)
    {
        var spent = Money.Text(earned.Lines.Sum(line => line.AmountMinor), earned.Currency);
        var settled = earned.Settled == 0 ? "" : $", {earned.Settled} of them repaid what was owed";
        var given = string.Concat((earned.Given ?? []).Select(rule => $", {rule.Points} of them by {rule.Rule}"));
        var cut = earned.Cut is { } lost ? $", {lost} not given because of a cap" : "";
        return $"{spent} of goods as {earned.Tier} by programme version {earned.Programme}{given}{cut}{settled}; balance {earned.Balance}";
    }

    private static string WhyReversed(PointsReversed reversed)
    {
        var pieces = reversed.Lines.Sum(line => (long)line.Quantity);
        var purchases = reversed.Lines.Select(line => line.Purchase).Distinct().Count();
        var how = reversed.Claimed
            ? "an open return matched this purchase, which arrived after it"
            : "of the purchase that it named, or of the latest ones of the product";
        var owed = reversed.Clawback == 0 ? "" : $", {reversed.Clawback} already gone and now owed";
        return $"{pieces} piece(s) of {purchases} purchase(s) came back: {how}{owed}; balance {reversed.Balance}";
    }

    private static string WhyRedeemed(PointsRedeemed redeemed)
    {
        var from = redeemed.Hold is null ? "taken from the lots that expire first" : "reserved before";
        var owed = redeemed.Clawback == 0 ? "" : $", {redeemed.Clawback} were not there and are owed";
        return $"{redeemed.Reason}{By(redeemed.Partner)}; {from}{owed}; {redeemed.Balance} left";
    }

    private static string By(string? partner) => partner is null ? "" : $" by {partner}";

    private static string Ended(string why) => why switch
    {
        ReleaseHold.Cancelled => "cancelled",
        ReleaseHold.Lapsed => "not confirmed in time",
        _ => "confirmed for fewer",
    };

    private static IReadOnlyList<Measured> Measures(IReadOnlyList<Measured>? by, long spendMinor, long thresholdMinor) =>
        by ?? [new(TierMeasures.NameOf(TierMeasure.Spend), spendMinor, thresholdMinor)];

    private static string Done(IReadOnlyList<Measured> by, string currency) =>
        string.Join(", ", by.Select(measured => ProgrammeSummary.Amount(TierMeasures.Of(measured.Measure), measured.Value, currency)));

    private static string Asked(IReadOnlyList<Measured> by, string currency) =>
        string.Join(", ", by.Select(measured => measured.Measure == "spend"
            ? Money.Text(measured.Threshold, currency)
            : ProgrammeSummary.Amount(TierMeasures.Of(measured.Measure), measured.Threshold, currency)));

    private static TimelineEntry Tell(DateTimeOffset time, string what, string why) => new(time, "loyalty", what, why);

    private static string Month(int month) => string.Create(CultureInfo.InvariantCulture, $"{month / 100:0000}-{month % 100:00}");
}
