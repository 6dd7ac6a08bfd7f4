using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Patron.Runtime.EventStore;
using Facts = Patron.Contracts.Loyalty.V1;

namespace Patron.Loyalty;

/// <summary>What others may know of customers' coupons, and how a customer's story tells of them.</summary>
internal static class CouponFacts
{
    /// <summary>Null for what stays private on purpose: reservations, codes, and what happened to a code that nobody known has used.</summary>
    public static IMessage? From(RecordedEvent recorded)
    {
        // Facts are keyed by the customer, and a code's own stream has none.
        if (recorded.Stream != Wallet.StreamOf(recorded.Customer))
            return null;
        return recorded.Event switch
        {
            CouponIssued issued => new Facts.CouponIssued
            {
                CouponId = Text(issued.Coupon),
                Campaign = issued.Campaign,
                ValidUntil = issued.Until?.ToTimestamp(),
                Source = issued.Source,
            },
            CouponViewed viewed => new Facts.CouponViewed { CouponId = Text(viewed.Coupon), Campaign = viewed.Campaign },
            CouponRedeemed redeemed => new Facts.CouponRedeemed
            {
                CouponId = Text(redeemed.Coupon),
                Campaign = redeemed.Campaign,
                OccurredAt = redeemed.At.ToTimestamp(),
                Channel = redeemed.Use.Channel ?? "",
                Store = redeemed.Use.Store ?? "",
                Receipt = redeemed.Use.Receipt ?? "",
                DiscountMinor = redeemed.Use.DiscountMinor,
                Currency = redeemed.Use.Currency ?? "",
            },
            CouponExpired expired => new Facts.CouponExpired { CouponId = Text(expired.Coupon), Campaign = expired.Campaign },
            CouponVoided voided => new Facts.CouponVoided { CouponId = Text(voided.Coupon), Campaign = voided.Campaign, Reason = voided.Reason },
            WalletAbsorbed absorbed => Restated(absorbed.Link, absorbed.Content.Coupons, []),
            WalletReopened reopened => Restated(reopened.Link, reopened.Content.Coupons, []),
            WalletGivenBack given => Restated(given.Link, [], given.Coupons),
            WalletClosed closed => Restated(closed.Link, [], closed.Coupons),
            _ => null,
        };
    }

    private static Facts.WalletRestated Restated(Guid link, IReadOnlyList<CouponLife> added, IReadOnlyList<Guid> removed) => new()
    {
        LinkId = Text(link),
        Added =
        {
            added.Select(life => new Facts.WalletRestated.Types.HeldCoupon
            {
                CouponId = Text(life.Id),
                Campaign = life.Campaign,
                ValidUntil = life.Until?.ToTimestamp(),
                Viewed = life.ViewedAt is not null,
            }),
        },
        Removed = { removed.Select(Text) },
    };

    /// <summary>Null for what a customer's story does not tell.</summary>
    public static (DateTimeOffset At, string What, string Why)? Tell(DomainEvent happened) => happened switch
    {
        CouponIssued issued => (issued.At, $"Got a coupon of {issued.Campaign}", $"{issued.Source}{Until(issued.Until)}"),
        CouponViewed viewed => (viewed.At, $"Looked at a coupon of {viewed.Campaign}", "It has its code since then"),
        CouponReserved reserved => (reserved.At, $"A coupon of {reserved.Campaign} was held", $"By {reserved.By} until {Time(reserved.Until)}"),
        CouponReleased released => (
            released.At, $"A coupon of {released.Campaign} was free again", released.Lapsed ? "Nobody came back for it" : "The purchase was given up"),
        CouponRedeemed redeemed => (
            redeemed.At, $"Used a coupon of {redeemed.Campaign}",
            $"At {redeemed.Use.Store ?? redeemed.Use.Channel ?? redeemed.By}"
                + $"{(redeemed.Late ? ", reported later" : "")}{(redeemed.Over ? ", once too often" : "")}"),
        OfferAdvanced { Reached.Count: > 0 } advanced => (advanced.At, $"Reached a step of the offer {advanced.Offer}", $"With purchase {advanced.Purchase}"),
        ReferralCodeGiven given => (given.At, "Got a code to refer friends", given.Code),
        FriendJoined joined => (joined.At, "Came by a friend's code", $"Referred by customer {joined.Referrer:D}"),
        ReferralJudged judged => (
            judged.At, $"A referral was {judged.Outcome.ToString().ToLowerInvariant()}", $"Friend {judged.Friend:D}: {judged.Reason}, by {judged.By}"),
        RewardClaimed claimed => (claimed.At, $"Claimed the reward {claimed.Reward}", $"For {claimed.Points} points"),
        CouponExpired expired => (expired.At, $"A coupon of {expired.Campaign} expired", "It was not used in time"),
        CouponVoided voided => (voided.At, $"A coupon of {voided.Campaign} was withdrawn", voided.Reason),
        _ => null,
    };

    private static string Until(DateTimeOffset? until) => until is { } end ? $"; valid until {Time(end)}" : "";

    private static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static string Text(Guid id) => id.ToString("D");
}
