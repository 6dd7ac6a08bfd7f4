using System.Diagnostics;
using System.Text.Json.Serialization;
using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>How many coupons of a campaign with a bound a customer has used. <paramref name="Origin"/>: as everywhere, null for the wallet's own.</summary>
internal sealed record UseCount(string Campaign, int Count, Guid? Origin);

/// <summary>A coupon that a till holds for the customer.</summary>
internal sealed record HeldUse(Guid Coupon, string Campaign, DateTimeOffset Until, Guid? Origin);

/// <summary>How often a customer claimed a reward.</summary>
internal sealed record ClaimCount(string Reward, int Count, Guid? Origin);

/// <summary>A customer's coupons, and what counts against their limits.</summary>
internal sealed record Wallet
{
    public const int CouponsMax = 300;
    private const int EndedMax = 20;
    private static readonly UInt128 Mark = UInt128.Parse("77616c6c6574a1b2c3d4e5f60718293a", System.Globalization.NumberStyles.HexNumber, null);

    public static StreamKind<Wallet> Kind { get; } = new("wallet", new Wallet(), Evolve, CouponJson.Default.Wallet, streamOf: StreamOf);

    /// <summary>Those that can still be used, oldest first.</summary>
    public IReadOnlyList<CouponLife> Coupons { get; init; } = [];

    /// <summary>The last ones that cannot, latest last.</summary>
    public IReadOnlyList<CouponLife> Ended { get; init; } = [];

    public IReadOnlyList<UseCount> Uses { get; init; } = [];

    public IReadOnlyList<HeldUse> Held { get; init; } = [];

    public IReadOnlyList<ClaimCount> Claims { get; init; } = [];

    public IReadOnlyList<OfferProgress> Offers { get; init; } = [];

    /// <summary>Codes by which the customer refers friends.</summary>
    public IReadOnlyList<ReferralCodeHeld> Codes { get; init; } = [];

    /// <summary>How the customer came, where a friend referred them; several where records were merged.</summary>
    public IReadOnlyList<Joining> Joinings { get; init; } = [];

    /// <summary>Friends whom the customer referred and who bought.</summary>
    public IReadOnlyList<ReferralMade> Referrals { get; init; } = [];

    /// <summary>Customers whose wallets this one took in.</summary>
    public IReadOnlyList<Guid> Joined { get; init; } = [];

    /// <summary>One to one, so that no two customers have the same.</summary>
    public static Guid StreamOf(Guid customer)
    {
        Span<byte> bytes = stackalloc byte[16];
        customer.TryWriteBytes(bytes, bigEndian: true, out _);
        var mixed = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes) ^ Mark;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, mixed);
        return new Guid(bytes, bigEndian: true);
    }

    public static Command Command(Guid customer, Func<Wallet, Guid?, Decision> decide) =>
        Kind.CommandOf(customer, (wallet, stream) => decide(wallet, stream == StreamOf(customer) ? null : customer));

    public CouponLife? Find(Guid coupon) => Coupons.FirstOrDefault(life => life.Id == coupon) ?? Ended.FirstOrDefault(life => life.Id == coupon);

    /// <summary>Used, and held for use, without the coupon that is asked about.</summary>
    public int UsesOf(string campaign, Guid but, DateTimeOffset now) =>
        Uses.Where(use => use.Campaign == campaign).Sum(use => use.Count)
        + Held.Count(held => held.Campaign == campaign && held.Coupon != but && held.Until > now);

    public int ClaimsOf(string reward) => Claims.Where(claim => claim.Reward == reward).Sum(claim => claim.Count);

    public static Wallet Evolve(Wallet wallet, DomainEvent happened) => happened switch
    {
        CouponIssued issued => wallet with { Coupons = [.. wallet.Coupons, CouponLife.Of(issued)] },
        CouponReserved reserved => wallet.Known(reserved) with
        {
            // What lapsed and was told by nobody yet holds nothing, and need not be kept.
            Held = [.. wallet.Held.Where(held => held.Until > reserved.At && held.Coupon != reserved.Coupon),
                new(reserved.Coupon, reserved.Campaign, reserved.Until, wallet.Find(reserved.Coupon)?.Origin ?? wallet.OriginOf(reserved.Member))],
        },
        CouponRedeemed redeemed => (redeemed.Over ? wallet : wallet.Known(redeemed).Without(redeemed.Coupon)) with
        {
            Uses = redeemed.Counts ? Counted(wallet.Uses, redeemed.Campaign, redeemed.Origin) : wallet.Uses,
        },
        CouponReleased or CouponExpired or CouponVoided => wallet.Known((CouponEvent)happened).Without(((CouponEvent)happened).Coupon),
        RewardClaimed claimed => claimed.Counts ? wallet with { Claims = Counted(wallet.Claims, claimed) } : wallet,
        OfferAdvanced advanced => wallet with
        {
            Offers =
            [
                .. wallet.Offers.Where(it => it.Offer != advanced.Offer),
                (wallet.Offers.FirstOrDefault(it => it.Offer == advanced.Offer) ?? new(advanced.Offer, [], [])).With(advanced),
            ],
        },
        ReferralCodeGiven given => wallet with { Codes = [.. wallet.Codes, new(given.Code, given.Origin)] },
        FriendJoined joined => wallet with
        {
            Joinings =
            [
                .. wallet.Joinings,
                new(joined.Friend, joined.Referrer, joined.At, joined.Ancestors, joined.Signals, JoiningStage.Joined, joined.Origin),
            ],
        },
        FriendQualified qualified => wallet.At(qualified.Friend, JoiningStage.Qualified),
        FriendRewarded rewarded => wallet.At(rewarded.Friend, JoiningStage.Rewarded),
        ReferralJudged judged => wallet with
        {
            Referrals =
            [
                .. wallet.Referrals.Where(it => it.Friend != judged.Friend),
                new(judged.Friend, judged.Outcome, judged.Reason, judged.At, judged.Origin),
            ],
        },
        CouponViewed viewed => wallet.Known(viewed),
        WalletClosed => new Wallet(),
        WalletAbsorbed absorbed => MergeWallets.Join(wallet, absorbed),
        WalletGivenBack given => MergeWallets.Part(wallet, given),
        WalletReopened reopened => MergeWallets.Reopen(wallet, reopened),
        WalletEmptied => new Wallet(),
        _ => throw new UnreachableException($"A wallet does not know {happened.GetType().Name}."),
    };

    private Guid? OriginOf(Guid? member) => member is { } customer && Joined.Contains(customer) ? customer : null;

    private Wallet At(Guid friend, JoiningStage stage) =>
        this with { Joinings = [.. Joinings.Select(it => it.Friend == friend ? it with { Stage = stage } : it)] };

    private Wallet Without(Guid coupon) => this with { Held = [.. Held.Where(held => held.Coupon != coupon)] };

    /// <summary>Changes the coupon if it is in the wallet; a code that was issued to nobody is not.</summary>
    private Wallet Known(CouponEvent happened)
    {
        if (Find(happened.Coupon) is not { } before)
            return this;
        var after = before.Then(happened);
        var others = Coupons.Where(life => life.Id != after.Id);
        if (!after.IsLive)
            return this with { Coupons = [.. others], Ended = [.. Ended.Where(life => life.Id != after.Id).Append(after).TakeLast(EndedMax)] };
        return this with { Coupons = [.. Coupons.Select(life => life.Id == after.Id ? after : life)] };
    }

    private static IReadOnlyList<ClaimCount> Counted(IReadOnlyList<ClaimCount> claims, RewardClaimed claimed)
    {
        var known = claims.FirstOrDefault(claim => claim.Reward == claimed.Reward && claim.Origin == claimed.Origin);
        return [.. claims.Where(claim => claim != known), new(claimed.Reward, (known?.Count ?? 0) + 1, claimed.Origin)];
    }

    private static IReadOnlyList<UseCount> Counted(IReadOnlyList<UseCount> uses, string campaign, Guid? origin)
    {
        var known = uses.FirstOrDefault(use => use.Campaign == campaign && use.Origin == origin);
        return [.. uses.Where(use => use != known), new(campaign, (known?.Count ?? 0) + 1, origin)];
    }
}
