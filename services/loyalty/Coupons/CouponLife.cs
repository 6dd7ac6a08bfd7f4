using System.Diagnostics;
using System.Text.Json.Serialization;
using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

[JsonConverter(typeof(WordJson<CouponStage>))]
internal enum CouponStage
{
    Open,
    Reserved,
    Redeemed,
    Expired,
    Voided,
}

/// <summary>Who holds a coupon until when. A reservation whose time is over holds nothing, also before its timer has run.</summary>
internal sealed record CouponHold(int Number, DateTimeOffset Until, Guid? Member, string? PublicCode, int Shard);

/// <summary>A coupon as the next decision needs it.</summary>
/// <param name="Member">Whose wallet decides about it, for a code that was given to a customer's coupon.</param>
/// <param name="WalletCoupon">Which coupon of that wallet.</param>
/// <param name="Numbers">Reservations so far.</param>
/// <param name="Origin">Who it was issued to, where that customer is merged into the wallet's.</param>
internal sealed record CouponLife(
    Guid Id, string Campaign, int Version, DateTimeOffset? From, DateTimeOffset? Until, string Source, CouponStage Stage, DateTimeOffset? ViewedAt,
    int Batch, int Serial, CouponHold? Reservation, int Numbers, DateTimeOffset? EndedAt, Guid? Member, Guid? WalletCoupon, Guid? Origin)
{
    /// <summary>One that nobody was issued, before anything happened to it.</summary>
    public static CouponLife Fresh(Guid id, string campaign, int version, DateTimeOffset? from, DateTimeOffset? until) => new(
        id, campaign, version, from, until, "", CouponStage.Open, null, 0, 0, null, 0, null, null, null, null);

    public static CouponLife Of(CouponIssued issued) =>
        Fresh(issued.Coupon, issued.Campaign, issued.Version, issued.From, issued.Until) with { Source = issued.Source, Origin = issued.Origin };

    [JsonIgnore]
    public bool IsLive => Stage is CouponStage.Open or CouponStage.Reserved;

    public bool IsHeld(DateTimeOffset now) => Stage == CouponStage.Reserved && Reservation!.Until > now;

    /// <summary>Null where it can be used now.</summary>
    public Refusal? WhyNot(DateTimeOffset now) => Stage switch
    {
        CouponStage.Redeemed => CouponRefused.Used(EndedAt),
        CouponStage.Voided => CouponRefused.Void,
        CouponStage.Expired => CouponRefused.Expired(Until),
        _ when IsHeld(now) => CouponRefused.Reserved(Reservation!.Until),
        _ when Until <= now => CouponRefused.Expired(Until),
        _ when From > now => CouponRefused.NotYet(From),
        _ => null,
    };

    public CouponLife Then(CouponEvent happened) => happened switch
    {
        CouponViewed viewed => this with { ViewedAt = ViewedAt ?? viewed.At, Batch = viewed.Batch, Serial = viewed.Serial },
        CodeBound bound => this with { Member = bound.Member, WalletCoupon = bound.WalletCoupon },
        CouponReserved reserved => this with
        {
            Stage = CouponStage.Reserved,
            Numbers = reserved.Number,
            Reservation = new(reserved.Number, reserved.Until, reserved.Member, reserved.PublicCode, reserved.Shard),
        },
        CouponReleased => this with { Stage = CouponStage.Open, Reservation = null },
        // One use too many changes nothing for whoever holds the coupon now.
        CouponRedeemed { Over: true } => this,
        CouponRedeemed redeemed => this with { Stage = CouponStage.Redeemed, Reservation = null, EndedAt = EndedAt ?? redeemed.At, Member = redeemed.Member },
        CouponExpired expired => this with { Stage = CouponStage.Expired, Reservation = null, EndedAt = expired.At },
        CouponVoided voided => this with { Stage = CouponStage.Voided, Reservation = null, EndedAt = voided.At },
        _ => throw new UnreachableException($"A coupon does not know {happened.GetType().Name}."),
    };
}

/// <summary>The stream of a code that nobody was issued, or of one use of a public code; null before the first event.</summary>
internal sealed record Coupon(CouponLife? Life)
{
    public static StreamKind<Coupon> Kind { get; } = new("coupon", new(Life: null), Evolve, CouponJson.Default.Coupon);

    /// <summary>Both the stream and what chooses its partition, so that whoever races for a code meets in one place.</summary>
    public static Guid IdOf(CodeNumber number) => Ids.Of("code", FormattableString.Invariant($"{number.Batch}/{number.Serial}"));

    /// <param name="meant">
    /// As it was looked up: how long it is valid, and whether its batch was withdrawn, is known of its batch and not by the stream.
    /// </param>
    public static Command Command(CouponLife meant, Func<CouponLife, Decision> decide) => Kind.Command(
        meant.Id, meant.Id, coupon => decide(coupon.Life is not { } life ? meant : life with
        {
            From = meant.From,
            Until = meant.Until,
            Stage = meant.Stage == CouponStage.Voided && life.IsLive ? CouponStage.Voided : life.Stage,
        }));

    private static Coupon Evolve(Coupon coupon, DomainEvent happened)
    {
        var known = coupon.Life ?? happened switch
        {
            CodeBound bound => CouponLife.Fresh(bound.Coupon, "", 0, null, null),
            CouponReserved reserved => CouponLife.Fresh(reserved.Coupon, reserved.Campaign, reserved.Version, null, null),
            CouponRedeemed redeemed => CouponLife.Fresh(redeemed.Coupon, redeemed.Campaign, redeemed.Version, null, null),
            CouponVoided voided => CouponLife.Fresh(voided.Coupon, voided.Campaign, 0, null, null),
            _ => throw new UnreachableException($"No coupon begins with {happened.GetType().Name}."),
        };
        return new(known.Then((CouponEvent)happened));
    }
}

/// <summary>A coupon that cannot be used, issued or changed as somebody wants.</summary>
/// <param name="Reason">Stable, in kebab case.</param>
internal sealed record CouponRefused(string Reason, string Sentence) : Refusal
{
    public override string Code => Reason;

    public override string Detail => Sentence;

    public static CouponRefused Unknown { get; } = new("coupon-unknown", "There is no such coupon. Read the code again; codes have no 0, O, 1 or I.");

    public static CouponRefused Void { get; } = new("coupon-void", "The coupon was withdrawn and cannot be used any more.");

    public static CouponRefused Stopped { get; } = new(
        "campaign-stopped", "The coupon's campaign is stopped; it can be used again once the campaign is resumed.");

    public static CouponRefused OfAnother { get; } = new("coupon-of-another", "The coupon was issued to another customer, and only they can use it.");

    public static CouponRefused MemberNeeded { get; } = new("customer-needed", "This coupon is for known customers: send the customer too.");

    public static CouponRefused NoneLeft { get; } = new("none-left", "All of these have been given out.");

    public static CouponRefused ReservationOver { get; } = new(
        "reservation-over", "The reservation was given up, or its time is over. Reserve the coupon again.");

    public static CouponRefused WalletFull { get; } = new(
        "wallet-full", $"The customer holds {Wallet.CouponsMax} coupons, which is the most; some must be used or expire first.");

    public static CouponRefused Used(DateTimeOffset? at) => new("coupon-used", $"The coupon was used at {at:u}.");

    public static CouponRefused Reserved(DateTimeOffset until) => new("coupon-reserved", $"Somebody holds the coupon until {until:u}. Try again after that.");

    public static CouponRefused Expired(DateTimeOffset? at) => new("coupon-expired", $"The coupon was valid until {at:u}.");

    public static CouponRefused NotYet(DateTimeOffset? from) => new("coupon-not-yet-valid", $"The coupon is valid from {from:u} on.");

    public static CouponRefused MemberLimit(int max) => new("customer-limit", $"One customer may use {max} coupons of this campaign, and this one has.");
}
