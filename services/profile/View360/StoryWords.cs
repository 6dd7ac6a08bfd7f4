using System.Diagnostics;
using System.Globalization;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Channels = Patron.Contracts.Channels.V1;
using Facts = Patron.Contracts.Profile.V1;
using Journeys = Patron.Contracts.Journey.V1;
using Loyalty = Patron.Contracts.Loyalty.V1;
using Segments = Patron.Contracts.Segmentation.V1;
using Tags = Patron.Contracts.Tagging.V1;

namespace Patron.Profile;

/// <summary>What a public fact means, in words; no personal data, because no fact has any.</summary>
internal static class StoryWords
{
    public static (string What, string Why) Tell(ViewedFact viewed) => viewed.Fact switch
    {
        Facts.PurchaseRecorded f => Purchase(f),
        Facts.BehaviourRecorded f => (f.Type, $"{f.Source} told it, by version {f.SchemaVersion} of its schema."),
        Facts.MergedAway f => ($"Was merged into customer {f.Into}", $"Both are one person; link {f.LinkId}."),
        Facts.Absorbed f => ($"Took in customer {f.Customer}", $"Both are one person; link {f.LinkId}."),
        Facts.SplitOff f => ($"Stands alone again, apart from customer {f.From}", $"The link {f.LinkId} was undone."),
        Facts.GaveBack f => ($"Gave back customer {f.Customer}", $"The link {f.LinkId} was undone."),
        Loyalty.PointsEarned f => ($"Earned {Number(f.Points)} points", $"Purchase {f.PurchaseId}; balance {Number(f.Balance)}{Until(f)}."),
        Loyalty.PointsReversed f => ($"Gave back {Number(f.Points)} points", $"Return {f.PurchaseId}; balance {Number(f.Balance)}."),
        Loyalty.PointsGranted f => (
            $"Got {Number(f.Points)} points", $"{f.Reason}{(f.Partner.Length == 0 ? "" : $", from {f.Partner}")}; balance {Number(f.Balance)}."),
        Loyalty.PointsRedeemed f => (
            $"Spent {Number(f.Points)} points", $"{f.Reason}{(f.Partner.Length == 0 ? "" : $", at {f.Partner}")}; balance {Number(f.Balance)}."),
        Loyalty.PointsRefunded f => ($"Got back {Number(f.Points)} spent points", $"Redemption {f.RedemptionId}; balance {Number(f.Balance)}."),
        Loyalty.PointsExpiring f => (
            $"{Number(f.Points)} points expire soon", $"The first at {f.ExpiresAt.ToDateTimeOffset():yyyy-MM-dd HH:mm} UTC unless they are spent."),
        Loyalty.PointsExpired f => ($"{Number(f.Points)} points expired", $"Balance {Number(f.Balance)}."),
        Loyalty.ReturnUnmatched f => (
            $"Returned {Number(f.Quantity)} × {f.Product} without a known purchase", $"Return {f.PurchaseId} matches no earlier purchase."),
        Loyalty.TierChanged f => ($"Tier changed from {f.From} to {f.To}", f.Reason),
        Loyalty.LedgerRestated f => (
            $"Has {Number(f.Balance)} points and {(f.Tier.Length == 0 ? "no tier" : $"the tier {f.Tier}")}", $"{f.Reason}; link {f.LinkId}."),
        Loyalty.CouponIssued f => ($"Got a coupon of {f.Campaign}", $"{f.Source}; coupon {f.CouponId}."),
        Loyalty.CouponViewed f => ($"Looked at a coupon of {f.Campaign}", $"Coupon {f.CouponId}."),
        Loyalty.CouponRedeemed f => (
            $"Used a coupon of {f.Campaign}", $"{(f.DiscountMinor == 0 ? "" : $"{Money.Text(f.DiscountMinor, f.Currency)} off; ")}coupon {f.CouponId}."),
        Loyalty.CouponExpired f => ($"A coupon of {f.Campaign} expired", $"Coupon {f.CouponId}."),
        Loyalty.CouponVoided f => ($"A coupon of {f.Campaign} was withdrawn", $"{f.Reason}; coupon {f.CouponId}."),
        Loyalty.WalletRestated f => (
            f.Added.Count > 0 ? $"Has {Number(f.Added.Count)} more coupons" : $"Has {Number(f.Removed.Count)} coupons less", $"Link {f.LinkId}."),
        Tags.TagAdded f => ($"Was tagged {f.Tag}", Tagged(f.Reason, f.Giver, f.Rule, f.RuleVersion)),
        Tags.TagRemoved f => ($"Lost the tag {f.Tag}", Tagged(f.Reason, f.Giver, f.Rule, f.RuleVersion)),
        Segments.SegmentEntered f => ($"Entered the segment {f.Segment}", f.Reason),
        Segments.SegmentLeft f => ($"Left the segment {f.Segment}", f.Reason),
        Journeys.JourneyEntered f => ($"Entered the journey {f.Journey}", f.Reason),
        Journeys.StepTaken f => ($"Came to {f.Step} of {f.Journey}", f.Reason),
        Journeys.SendRequested f => ($"{f.Journey} asked for the {f.Channel} {f.Template}", $"Step {f.Step}; for {f.Purpose}."),
        Journeys.JourneyLeft f => ($"Left the journey {f.Journey}: {f.Outcome}", f.Reason),
        Channels.MessageSent f => ($"Was sent the {f.Channel} {f.Template}", $"The provider accepted it; send {f.SendId}."),
        Channels.MessageSuppressed f => ($"Was not sent a {f.Channel}: {f.Code}", f.Reason),
        Channels.MessageFailed f => ($"A {f.Channel} failed", f.Reason),
        Channels.MessageUncertain f => ($"A {f.Channel} may have been sent", f.Reason),
        _ => throw new UnreachableException($"{viewed.Fact.Descriptor.FullName} has no words."),
    };

    private static (string What, string Why) Purchase(Facts.PurchaseRecorded fact)
    {
        var kinds = fact.Lines.CountBy(l => l.Kind).OrderBy(k => k.Key).Select(k => $"{Number(k.Value)} {k.Key.ToString().ToLowerInvariant()}");
        var total = fact.Lines.Sum(l => l.AmountMinor);
        var where = fact.Channel == Channel.Pos ? "in a shop" : "in the eShop";
        return (
            $"{(total < 0 ? "Gave back" : "Bought")} {where} for {Money.Text(Math.Abs(total), fact.Currency)}",
            $"Receipt {fact.Receipt} of {fact.Source}; lines: {string.Join(", ", kinds)}.");
    }

    private static string Tagged(string reason, string giver, string rule, int version) => giver switch
    {
        "" => $"{reason} (version {Number(version)} of the rule)",
        "rule" => $"{reason} (rule {rule}, version {Number(version)})",
        "tier" => reason,
        _ => $"{reason}{(reason.Length == 0 ? "" : " ")}({giver switch { "person" => "by hand", "import" => "by a file", _ => "by a channel" }})",
    };

    private static string Until(Loyalty.PointsEarned fact) =>
        fact.ExpiresAt is null ? "" : string.Create(CultureInfo.InvariantCulture, $"; they expire on {fact.ExpiresAt.ToDateTime():yyyy-MM-dd}");

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
