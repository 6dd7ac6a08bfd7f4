using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>What changes hands between wallets, in the words of the one that gets it: no origin means its own.</summary>
internal sealed record WalletContent(
    IReadOnlyList<CouponLife> Coupons, IReadOnlyList<CouponLife> Ended, IReadOnlyList<UseCount> Uses, IReadOnlyList<HeldUse> Held,
    IReadOnlyList<ClaimCount> Claims, IReadOnlyList<OfferProgress> Offers, IReadOnlyList<ReferralCodeHeld> Codes,
    IReadOnlyList<Joining> Joinings, IReadOnlyList<ReferralMade> Referrals, IReadOnlyList<Guid> Joined);

/// <summary>The wallet's content went to that of the same person; what comes later is decided there.</summary>
[EventName("loyalty.wallet-closed.v1")]
internal sealed record WalletClosed(Guid Into, Guid Link, long Version, IReadOnlyList<Guid> Coupons) : DomainEvent;

[EventName("loyalty.wallet-absorbed.v1")]
internal sealed record WalletAbsorbed(Guid Customer, Guid Link, long Version, WalletContent Content) : DomainEvent;

/// <summary>A customer turned out to be another person: what is left of these origins went back to them.</summary>
[EventName("loyalty.wallet-given-back.v1")]
internal sealed record WalletGivenBack(Guid Customer, Guid Link, long Version, IReadOnlyList<Guid> Origins, IReadOnlyList<Guid> Coupons) : DomainEvent;

[EventName("loyalty.wallet-reopened.v1")]
internal sealed record WalletReopened(Guid From, Guid Link, long Version, WalletContent Content) : DomainEvent;

/// <summary>The customer was erased: nobody can use what was in the wallet.</summary>
[EventName("loyalty.wallet-emptied.v1")]
internal sealed record WalletEmptied(DateTimeOffset At, IReadOnlyList<Guid> Coupons) : DomainEvent;

/// <summary>
/// Two customers are one person, or are not after all. Coupons, uses and claims go along with their origin, and go back by it. What both used
/// counts together while they are one.
/// </summary>
internal static class MergeWallets
{
    public static HandoverRules Rules { get; } = new(
        handover => Wallet.Kind.Handover(handover.Customer, handover.Root, (from, _) => Absorb(from, handover), from => Close(from, handover)),
        handover => Wallet.Kind.Handover(handover.Root, handover.Customer, (from, _) => Reopen(from, handover), from => GiveBack(from, handover)));

    public static Command Empty(Guid customer, DateTimeOffset at) => Wallet.Command(
        customer, (wallet, _) => IsEmpty(wallet) ? Decision.Nothing : new WalletEmptied(at, [.. wallet.Coupons.Select(life => life.Id)]));

    public static Wallet Join(Wallet wallet, WalletAbsorbed absorbed) =>
        With(wallet, absorbed.Content) with { Joined = [.. wallet.Joined, absorbed.Customer, .. absorbed.Content.Joined] };

    public static Wallet Part(Wallet wallet, WalletGivenBack given)
    {
        var gone = given.Origins.ToHashSet();
        return wallet with
        {
            Coupons = [.. wallet.Coupons.Where(it => Stays(it.Origin))],
            Ended = [.. wallet.Ended.Where(it => Stays(it.Origin))],
            Uses = [.. wallet.Uses.Where(it => Stays(it.Origin))],
            Held = [.. wallet.Held.Where(it => Stays(it.Origin))],
            Claims = [.. wallet.Claims.Where(it => Stays(it.Origin))],
            Offers = OffersOf(wallet.Offers, Stays, origin => origin),
            Codes = [.. wallet.Codes.Where(it => Stays(it.Origin))],
            Joinings = [.. wallet.Joinings.Where(it => Stays(it.Origin))],
            Referrals = [.. wallet.Referrals.Where(it => Stays(it.Origin))],
            Joined = [.. wallet.Joined.Where(it => !gone.Contains(it))],
        };

        bool Stays(Guid? origin) => origin is null || !gone.Contains(origin.Value);
    }

    public static Wallet Reopen(Wallet wallet, WalletReopened reopened) => With(wallet, reopened.Content) with { Joined = reopened.Content.Joined };

    private static Decision Absorb(Wallet from, Handover handover) => IsEmpty(from)
        ? Decision.Nothing
        : new WalletAbsorbed(handover.Customer, handover.Link, handover.Version, Content(from, handover.Customer, handover.Root, _ => true));

    private static Decision Close(Wallet from, Handover handover) => IsEmpty(from)
        ? Decision.Nothing
        : new WalletClosed(handover.Root, handover.Link, handover.Version, [.. from.Coupons.Select(life => life.Id)]);

    private static Decision Reopen(Wallet from, Handover handover)
    {
        var content = Content(from, handover.Root, handover.Customer, origin => Goes(origin, handover));
        return HasNothing(content) ? Decision.Nothing : new WalletReopened(handover.Root, handover.Link, handover.Version, content);
    }

    private static Decision GiveBack(Wallet from, Handover handover)
    {
        var content = Content(from, handover.Root, handover.Customer, origin => Goes(origin, handover));
        return HasNothing(content) && !from.Joined.Any(handover.Origins.Contains)
            ? Decision.Nothing
            : new WalletGivenBack(
                handover.Customer, handover.Link, handover.Version, [.. handover.Origins.Order()], [.. content.Coupons.Select(life => life.Id)]);
    }

    private static bool Goes(Guid? origin, Handover handover) => origin is { } customer && handover.Origins.Contains(customer);

    private static bool IsEmpty(Wallet wallet) => HasNothing(Content(wallet, Guid.Empty, Guid.Empty, _ => true)) && wallet.Joined.Count == 0;

    private static bool HasNothing(WalletContent content) =>
        content.Coupons.Count + content.Ended.Count + content.Uses.Count + content.Held.Count + content.Claims.Count + content.Offers.Count
        + content.Codes.Count + content.Joinings.Count + content.Referrals.Count == 0;

    private static WalletContent Content(Wallet wallet, Guid owner, Guid receiver, Func<Guid?, bool> goes)
    {
        return new(
            [.. wallet.Coupons.Where(it => goes(it.Origin)).Select(it => it with { Origin = Named(it.Origin) })],
            [.. wallet.Ended.Where(it => goes(it.Origin)).Select(it => it with { Origin = Named(it.Origin) })],
            [.. wallet.Uses.Where(it => goes(it.Origin)).Select(it => it with { Origin = Named(it.Origin) })],
            [.. wallet.Held.Where(it => goes(it.Origin)).Select(it => it with { Origin = Named(it.Origin) })],
            [.. wallet.Claims.Where(it => goes(it.Origin)).Select(it => it with { Origin = Named(it.Origin) })],
            OffersOf(wallet.Offers, goes, Named),
            [.. wallet.Codes.Where(it => goes(it.Origin)).Select(it => it with { Origin = Named(it.Origin) })],
            [.. wallet.Joinings.Where(it => goes(it.Origin)).Select(it => it with { Origin = Named(it.Origin) })],
            [.. wallet.Referrals.Where(it => goes(it.Origin)).Select(it => it with { Origin = Named(it.Origin) })],
            [.. wallet.Joined.Where(it => goes(it) && it != receiver)]);

        Guid? Named(Guid? origin) => Sharing.Seen(origin ?? owner, receiver);
    }

    private static IReadOnlyList<OfferProgress> OffersOf(
        IReadOnlyList<OfferProgress> offers, Func<Guid?, bool> goes, Func<Guid?, Guid?> named) =>
    [
        .. offers.Select(it => it with
        {
            Visits = [.. it.Visits.Where(visit => goes(visit.Origin)).Select(visit => visit with { Origin = named(visit.Origin) })],
            Reached = [.. it.Reached.Where(step => goes(step.Origin)).Select(step => step with { Origin = named(step.Origin) })],
        }).Where(it => it.Visits.Count + it.Reached.Count > 0),
    ];

    private static Wallet With(Wallet wallet, WalletContent content) => wallet with
    {
        Coupons = [.. wallet.Coupons, .. content.Coupons],
        Ended = [.. wallet.Ended, .. content.Ended],
        Uses = [.. wallet.Uses, .. content.Uses],
        Held = [.. wallet.Held, .. content.Held],
        Claims = [.. wallet.Claims, .. content.Claims],
        Codes = [.. wallet.Codes, .. content.Codes],
        Joinings = [.. wallet.Joinings, .. content.Joinings],
        Referrals = [.. wallet.Referrals, .. content.Referrals],
        Offers =
        [
            .. wallet.Offers.Concat(content.Offers).GroupBy(it => it.Offer).Select(same => new OfferProgress(
                same.Key, [.. same.SelectMany(it => it.Visits).OrderBy(visit => visit.At)], [.. same.SelectMany(it => it.Reached)])),
        ],
    };
}
