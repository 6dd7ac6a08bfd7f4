using System.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Patron.Contracts.Ingest.V1;
using Channels = Patron.Contracts.Channels.V1;
using Facts = Patron.Contracts.Profile.V1;
using Journeys = Patron.Contracts.Journey.V1;
using Loyalty = Patron.Contracts.Loyalty.V1;
using Segments = Patron.Contracts.Segmentation.V1;
using Tags = Patron.Contracts.Tagging.V1;

namespace Patron.Profile;

/// <summary>
/// The one definition of what a customer's view says. Pure. Facts of one topic come in their order; facts of different topics may come in
/// any, so no two topics write the same member but for the messages, whose order does not matter.
/// </summary>
internal static class SummaryFold
{
    private const int HeldMax = 500;
    private const int LinksMax = 100;

    public static CustomerSummary Fold(CustomerSummary before, ViewedFact viewed) => before.Erased ? before : viewed.Fact switch
    {
        Facts.PurchaseRecorded fact => before with { Purchases = Bought(before.Purchases, fact) },
        Facts.BehaviourRecorded fact => before with { Behaviour = Did(before.Behaviour, fact, viewed.Place.Happened) },
        Facts.MergedAway fact => Linked(before, fact.Version, Guid.Parse(fact.Into)),
        Facts.SplitOff fact => Linked(before, fact.Version, null),
        Facts.Absorbed fact => before with { Absorbed = Kept(before.Absorbed, Guid.Parse(fact.Customer), LinksMax) },
        // The customer that was given back says so itself.
        Facts.GaveBack => before,
        Facts.CustomerErased => CustomerSummary.None with { Erased = true },
        Loyalty.PointsEarned fact => before with { Loyalty = Earned(before.Loyalty, fact) },
        Loyalty.PointsReversed fact => before with { Loyalty = Balanced(before.Loyalty, fact.Balance) },
        Loyalty.PointsExpired fact => before with { Loyalty = Balanced(before.Loyalty, fact.Balance) },
        Loyalty.ReturnUnmatched => before,
        Loyalty.TierChanged fact => before with
        {
            Loyalty = before.Loyalty with { Tier = fact.To, TierSince = viewed.Time, TierReason = fact.Reason },
        },
        Loyalty.LedgerRestated fact => before with { Loyalty = Restated(before.Loyalty, fact, viewed.Time) },
        Loyalty.CouponIssued or Loyalty.CouponViewed or Loyalty.CouponRedeemed or Loyalty.CouponExpired or Loyalty.CouponVoided or Loyalty.WalletRestated =>
            before with { Loyalty = before.Loyalty with { Coupons = CouponFold.Fold(before.Loyalty.Coupons, viewed) } },
        Tags.TagAdded fact => before with
        {
            Tags = [.. before.Tags.Where(t => t.Tag != fact.Tag).Append(new TagHeld(fact.Tag, fact.Reason, fact.RuleVersion, viewed.Time)).TakeLast(HeldMax)],
        },
        Tags.TagRemoved fact => before with { Tags = [.. before.Tags.Where(t => t.Tag != fact.Tag)] },
        Segments.SegmentEntered fact => before with
        {
            Segments =
            [
                .. before.Segments.Where(s => s.Segment != fact.Segment)
                    .Append(new SegmentHeld(fact.Segment, fact.Reason, TimeOf(fact.EvaluatedAt) ?? viewed.Time)).TakeLast(HeldMax),
            ],
        },
        Segments.SegmentLeft fact => before with { Segments = [.. before.Segments.Where(s => s.Segment != fact.Segment)] },
        _ => Sent(before, viewed) ?? Travelled(before, viewed),
    };

    private static PurchaseSummary Bought(PurchaseSummary before, Facts.PurchaseRecorded fact)
    {
        var total = fact.Lines.Sum(l => l.AmountMinor);
        var isSale = fact.Lines.Any(l => l.Kind == Contracts.Ingest.V1.LineKind.Sale);
        var at = fact.OccurredAt.ToDateTimeOffset();
        var channel = fact.Channel switch
        {
            Channel.Pos => "pos",
            Channel.Eshop => "eshop",
            _ => "unknown",
        };
        var known = before.Spend.FirstOrDefault(s => s.Channel == channel && s.Currency == fact.Currency) ?? new SpendIn(channel, fact.Currency, 0, 0);
        var latest = new LatestPurchase(
            Guid.Parse(fact.PurchaseId), at, channel, fact.Store, fact.Currency, total, fact.Lines.Count,
            [.. fact.Lines.Take(PurchaseSummary.LinesMax).Select(l => new PurchaseLine(l.Product, (LineKind)l.Kind, l.Quantity, l.AmountMinor))]);
        return new PurchaseSummary(
            before.Count + (isSale ? 1 : 0),
            before.Returns + (isSale ? 0 : 1),
            before.First < at ? before.First : at,
            before.Last > at ? before.Last : at,
            [
                .. before.Spend.Where(s => s != known).Append(known with { Documents = known.Documents + 1, Minor = known.Minor + total })
                    .OrderBy(s => s.Channel, StringComparer.Ordinal).ThenBy(s => s.Currency, StringComparer.Ordinal),
            ],
            Newest([.. before.Latest, latest]));
    }

    public static IReadOnlyList<LatestPurchase> Newest(IEnumerable<LatestPurchase> purchases) =>
        [.. purchases.OrderByDescending(p => p.At).ThenBy(p => p.Id).Take(PurchaseSummary.LatestMax)];

    public static IReadOnlyList<MessageTold> Newest(IEnumerable<MessageTold> messages) =>
        [.. messages.OrderByDescending(m => m.At).ThenBy(m => m.Id).DistinctBy(m => m.Id).Take(MessageSummary.LatestMax)];

    private static BehaviourSummary Did(BehaviourSummary before, Facts.BehaviourRecorded fact, DateTimeOffset at) =>
        before.Last > at ? before with { Count = before.Count + 1 } : new BehaviourSummary(before.Count + 1, at, fact.Type);

    private static CustomerSummary Linked(CustomerSummary before, long version, Guid? into) =>
        version <= before.LinkVersion ? before : before with { Into = into, LinkVersion = version };

    private static LoyaltySummary Earned(LoyaltySummary before, Loyalty.PointsEarned fact)
    {
        // Points that no date is told for do not expire as far as anybody knows, so they are in no lot.
        var lots = fact.ExpiresAt is null ? before.Lots : [.. before.Lots.Append(new PointLot(fact.ExpiresAt.ToDateTimeOffset(), fact.Points)).Order(ByExpiry)];
        return Balanced(before with { Lots = Together(lots) }, fact.Balance);
    }

    private static readonly Comparer<PointLot> ByExpiry = Comparer<PointLot>.Create((a, b) => a.ExpiresAt.CompareTo(b.ExpiresAt));

    private static List<PointLot> Together(IReadOnlyList<PointLot> lots)
    {
        List<PointLot> few = [];
        foreach (var lot in lots)
        {
            if (few.Count > 0 && (few[^1].ExpiresAt == lot.ExpiresAt || few.Count == LoyaltySummary.LotsMax))
                few[^1] = few[^1] with { Points = few[^1].Points + lot.Points };
            else
                few.Add(lot);
        }
        return few;
    }

    /// <summary>What is more than the balance has left, by the earliest expiry first.</summary>
    private static LoyaltySummary Balanced(LoyaltySummary before, long balance)
    {
        var gone = before.Lots.Sum(l => l.Points) - balance;
        List<PointLot> left = [];
        foreach (var lot in before.Lots)
        {
            var taken = Math.Clamp(gone, 0, lot.Points);
            gone -= taken;
            if (taken < lot.Points)
                left.Add(lot with { Points = lot.Points - taken });
        }
        return before with { Balance = balance, Lots = left };
    }

    // Which points came along or went, and when they expire, no public fact tells.
    private static LoyaltySummary Restated(LoyaltySummary before, Loyalty.LedgerRestated fact, DateTimeOffset at)
    {
        var tier = fact.Tier.Length == 0 ? null : fact.Tier;
        var after = Balanced(before, fact.Balance);
        return tier == before.Tier ? after : after with { Tier = tier, TierSince = tier is null ? null : at, TierReason = tier is null ? null : fact.Reason };
    }

    private static CustomerSummary? Sent(CustomerSummary before, ViewedFact viewed)
    {
        MessageTold? told = viewed.Fact switch
        {
            Channels.MessageSent f => new(Guid.Parse(f.SendId), f.Channel, "sent", f.Template, null, viewed.Time),
            Channels.MessageSuppressed f => new(Guid.Parse(f.SendId), f.Channel, "suppressed", null, f.Reason, viewed.Time),
            Channels.MessageFailed f => new(Guid.Parse(f.SendId), f.Channel, "failed", null, f.Reason, viewed.Time),
            Channels.MessageUncertain f => new(Guid.Parse(f.SendId), f.Channel, "uncertain", null, f.Reason, viewed.Time),
            _ => null,
        };
        if (told is null)
            return null;
        var messages = before.Messages;
        return before with
        {
            Messages = new MessageSummary(
                messages.Sent + (told.State == "sent" ? 1 : 0), messages.Suppressed + (told.State == "suppressed" ? 1 : 0),
                messages.Failed + (told.State == "failed" ? 1 : 0), messages.Uncertain + (told.State == "uncertain" ? 1 : 0),
                Newest([.. messages.Latest, told])),
        };
    }

    private static CustomerSummary Travelled(CustomerSummary before, ViewedFact viewed) => viewed.Fact switch
    {
        Journeys.JourneyEntered fact => At(
            before, new JourneyRunning(Guid.Parse(fact.InstanceId), fact.Journey, viewed.Time, null, fact.Reason, viewed.Time)),
        Journeys.StepTaken fact => At(before, Step(before, fact.InstanceId, fact.Journey, fact.Step, fact.Reason, viewed.Time)),
        Journeys.SendRequested fact => At(before, Step(before, fact.InstanceId, fact.Journey, fact.Step, $"asked for the {fact.Channel}", viewed.Time)),
        Journeys.JourneyLeft fact => Left(before, Guid.Parse(fact.InstanceId)),
        _ => throw new UnreachableException($"Nobody has decided what {viewed.Fact.Descriptor.FullName} says of a customer."),
    };

    // An instance that began under another id, since merged into this one, is first heard of at its next step.
    private static JourneyRunning Step(CustomerSummary before, string instance, string journey, string step, string why, DateTimeOffset at)
    {
        var id = Guid.Parse(instance);
        var known = before.Journeys.FirstOrDefault(j => j.Instance == id);
        return new JourneyRunning(id, journey, known?.Since ?? at, step, why, at, known?.Taken ?? true);
    }

    private static CustomerSummary At(CustomerSummary before, JourneyRunning running) => before with
    {
        Journeys = [.. before.Journeys.Where(j => j.Instance != running.Instance).Append(running).TakeLast(HeldMax)],
    };

    private static CustomerSummary Left(CustomerSummary before, Guid instance)
    {
        var began = before.Journeys.FirstOrDefault(j => j.Instance == instance);
        var after = before with { Journeys = [.. before.Journeys.Where(j => j != began)] };
        return began is null or { Taken: true } ? after with { EndedElsewhere = Kept(before.EndedElsewhere, instance, LinksMax) } : after;
    }

    private static IReadOnlyList<Guid> Kept(IReadOnlyList<Guid> known, Guid added, int max) => [.. known.Where(k => k != added).Append(added).TakeLast(max)];

    private static DateTimeOffset? TimeOf(Timestamp? time) => time?.ToDateTimeOffset();
}
