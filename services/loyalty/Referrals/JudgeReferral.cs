using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>
/// The steps of a referral: a friend joins, buys, the referrer's side is judged, the friend is thanked. Each is decided in one wallet; a timer
/// that is due at once leads from one wallet to the other, so that no step is lost and none happens twice.
/// </summary>
internal static class JudgeReferral
{
    public const int AncestorsMax = 20;
    public const string Timer = "referral-";
    private const string Judge = "referral-judge/";
    private const string Thank = "referral-thank/";
    private const string ByRules = "rules";

    public static CouponRefused Self { get; } = new("self-referral", "Nobody can refer themselves.");

    public static CouponRefused Circle { get; } = new("referral-circle", "The customer is among those who led to this referral.");

    public static CouponRefused AlreadyReferred { get; } = new("already-referred", "The customer has come by a friend's code already.");

    public static CouponRefused NotNew { get; } = new("not-new", "The customer has bought before; only new ones can come by a friend's code.");

    public static Decision Join(Wallet wallet, Guid stream, FriendJoined joined)
    {
        if (wallet.Joinings.Any(it => it.Friend == joined.Friend && it.Referrer == joined.Referrer))
            return Decision.Nothing;
        if (wallet.Joinings.Count > 0)
            return AlreadyReferred;
        return Suspect(wallet, stream, joined.Referrer, joined.Ancestors) switch
        {
            "self-referral" => Self,
            "referral-circle" => Circle,
            _ => joined,
        };
    }

    /// <summary>None while there are no rules, so that a purchase costs nothing more.</summary>
    public static IEnumerable<Command> Commands(Guid customer, Purchase purchase, BookContent book, DateTimeOffset now)
    {
        var spent = purchase.Sales.Sum(line => line.AmountMinor);
        if (book.Referral is { } rules && purchase.Sales.Count > 0 && spent >= rules.MinMinor && purchase.Currency == rules.Currency)
            yield return Wallet.Kind.CommandOf(customer, (wallet, stream) => Qualify(wallet, stream, purchase, rules, now));
    }

    public static Decision Qualify(Wallet wallet, Guid stream, Purchase purchase, ReferralRules rules, DateTimeOffset now)
    {
        var joining = wallet.Joinings.FirstOrDefault(it => it.Stage == JoiningStage.Joined && purchase.OccurredAt >= it.At.AddDays(-1)
            && purchase.OccurredAt < it.At.AddDays(rules.WithinDays));
        if (joining is null)
            return Decision.Nothing;

        // Who was another person when they joined may have become one of those who led to it.
        var suspicion = Suspect(wallet, stream, joining.Referrer, joining.Ancestors) ?? (joining.Signals is [var first, ..] ? first : null);
        return new FriendQualified(joining.Friend, joining.Referrer, purchase.Id.Value, now, suspicion);
    }

    public static Decision Decide(
        Wallet wallet, Guid stream, Guid? origin, Guid referrer, Guid friend, string? suspicion, BookContent book, DateTimeOffset now)
    {
        if (book.Referral is not { } rules || wallet.Referrals.Any(it => it.Friend == friend))
            return Decision.Nothing;
        if (wallet.Referrals.Count(it => it.Outcome == ReferralOutcome.Rewarded) >= rules.RewardedMax)
            return new ReferralJudged(friend, referrer, ReferralOutcome.Rejected, "cap", now, ByRules, origin);
        if (stream == Wallet.StreamOf(friend) || wallet.Joined.Contains(friend))
            suspicion = "self-referral";
        if (wallet.Referrals.Count(it => it.At > now.AddDays(-rules.VelocityDays)) >= rules.VelocityMax)
            suspicion ??= "velocity";
        return suspicion is null
            ? Rewarded(wallet, origin, referrer, friend, "qualified", ByRules, book, now)
            : new ReferralJudged(friend, referrer, ReferralOutcome.Held, suspicion, now, ByRules, origin);
    }

    /// <summary>A person decides about a referral that waits.</summary>
    public static Decision Review(
        Wallet wallet, Guid? origin, Guid referrer, Guid friend, bool approve, string reason, string by, BookContent book, DateTimeOffset now)
    {
        var known = wallet.Referrals.FirstOrDefault(it => it.Friend == friend);
        if (known is null)
            return new CouponRefused("referral-unknown", "There is no such referral.");
        if (known.Outcome != ReferralOutcome.Held)
            return known.Outcome == (approve ? ReferralOutcome.Rewarded : ReferralOutcome.Rejected)
                ? Decision.Nothing
                : new CouponRefused("referral-decided", "Somebody has decided about this referral already.");
        return approve
            ? Rewarded(wallet, origin, referrer, friend, reason, by, book, now)
            : new ReferralJudged(friend, referrer, ReferralOutcome.Rejected, reason, now, by, origin);
    }

    public static Decision Reward(Wallet wallet, Guid friend, BookContent book, DateTimeOffset now)
    {
        if (book.Referral is not { } rules || wallet.Joinings.FirstOrDefault(it => it.Friend == friend) is not { Stage: not JoiningStage.Rewarded } joining)
            return Decision.Nothing;
        var rewarded = new FriendRewarded(friend, joining.Referrer, now);
        return Decision.Of([rewarded, .. Coupon(wallet, joining.Origin, rules.FriendCampaign, $"friend/{friend:N}", book, now)]);
    }

    public static bool Knows(DomainEvent happened) =>
        happened is ReferralCodeGiven or FriendJoined or FriendQualified or ReferralJudged or FriendRewarded;

    public static IEnumerable<TimerChange> TimersOf(DomainEvent happened) => happened switch
    {
        FriendQualified it => [TimerChange.Set($"{Judge}{it.Friend:N}/{it.Referrer:N}/{it.Suspicion}", it.At)],
        ReferralJudged { Outcome: ReferralOutcome.Rewarded } it => [TimerChange.Set($"{Thank}{it.Friend:N}/{it.Referrer:N}/", it.At)],
        _ => [],
    };

    public static IEnumerable<Command> OnDue(DueTimer timer, BookContent book, DateTimeOffset now)
    {
        var parts = timer.Name.Split('/');
        var (friend, referrer, suspicion) = (Guid.ParseExact(parts[1], "N"), Guid.ParseExact(parts[2], "N"), parts[3].Length == 0 ? null : parts[3]);
        return timer.Name.StartsWith(Judge, StringComparison.Ordinal)
            ? [Wallet.Kind.CommandOf(referrer, (wallet, stream) => Decide(
                wallet, stream, stream == Wallet.StreamOf(referrer) ? null : referrer, referrer, friend, suspicion, book, now))]
            : [Wallet.Kind.CommandOf(friend, wallet => Reward(wallet, friend, book, now))];
    }

    private static Decision Rewarded(
        Wallet wallet, Guid? origin, Guid referrer, Guid friend, string reason, string by, BookContent book, DateTimeOffset now) => Decision.Of([
            new ReferralJudged(friend, referrer, ReferralOutcome.Rewarded, reason, now, by, origin),
            .. book.Referral is { } rules ? Coupon(wallet, origin, rules.ReferrerCampaign, $"referrer/{friend:N}", book, now) : [],
        ]);

    /// <summary>Whose wallet is full, or who has had as many as they may, is told of the reward all the same.</summary>
    private static IReadOnlyList<DomainEvent> Coupon(
        Wallet wallet, Guid? origin, string name, string once, BookContent book, DateTimeOffset now) =>
        book.Find(name) is var (campaign, version)
            ? IssueCoupon.Decide(wallet, origin, Ids.Of("referral-coupon", once), campaign, version, "referral", hash: "", now).Events ?? []
            : [];

    private static string? Suspect(Wallet wallet, Guid stream, Guid referrer, IReadOnlyList<Guid> ancestors)
    {
        return IsThis(referrer) ? "self-referral" : ancestors.Any(IsThis) ? "referral-circle" : null;

        bool IsThis(Guid customer) => stream == Wallet.StreamOf(customer) || wallet.Joined.Contains(customer);
    }
}
