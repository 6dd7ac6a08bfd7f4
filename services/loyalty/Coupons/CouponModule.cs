using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>What coupons, rewards and offers add to the service.</summary>
internal static class CouponModule
{
    public static IReadOnlyList<StreamKind> Streams { get; } = [BookPage.Kind, Coupon.Kind, Wallet.Kind, Stock.Kind, ReferralCode.Kind];

    public static IReadOnlyList<Migration> Migrations { get; } = [BookRows.Migration, LateRedemptions.Migration, HeldReferrals.Migration];

    public static IReadOnlyList<CustomerTable> CustomerTables { get; } = [LateRedemptions.Table, HeldReferrals.Table];

    /// <summary>Every event of the service.</summary>
    public static EventTypes Events { get; } = new EventTypes(LoyaltyJson.Default, Ledger.EventClasses).And(
        CouponJson.Default, typeof(CodeSpaceOpened), typeof(CampaignDefined), typeof(CampaignStopped), typeof(CampaignResumed), typeof(BatchMade),
        typeof(BatchVoided), typeof(SerialsTaken), typeof(PublicCodeDefined), typeof(PublicCodeEnded), typeof(CouponIssued), typeof(CouponViewed),
        typeof(CodeBound), typeof(CouponReserved), typeof(CouponReleased), typeof(CouponRedeemed), typeof(CouponExpired), typeof(CouponVoided),
        typeof(StockTaken), typeof(StockReturned), typeof(WalletClosed), typeof(WalletAbsorbed), typeof(WalletGivenBack), typeof(WalletReopened),
        typeof(WalletEmptied), typeof(RewardDefined), typeof(RewardEnded), typeof(RewardClaimed), typeof(OfferDefined), typeof(OfferEnded),
        typeof(OfferAdvanced), typeof(ReferralRulesDefined), typeof(ReferralCodeGiven), typeof(FriendJoined), typeof(FriendQualified),
        typeof(ReferralJudged), typeof(FriendRewarded));

    /// <summary>Events of these streams, which the ledger does not know.</summary>
    public static bool Knows(DomainEvent happened) =>
        happened is CouponEvent or BookEvent or StockTaken or StockReturned or WalletClosed or WalletAbsorbed or WalletGivenBack or WalletReopened
            or WalletEmptied or RewardClaimed or OfferAdvanced || JudgeReferral.Knows(happened);

    public static IReadOnlyList<IInlineView> Views(EventTypes types) =>
        [new BookRows(types), new LateRedemptions(), new CampaignFigures(), new HeldReferrals()];

    public static void AddCoupons(this WebApplicationBuilder builder)
    {
        builder.AddSettings<CouponSettings>("Coupons");
        builder.Services.AddSingleton<CouponBook>();
        builder.Services.AddHostedService(services => services.GetRequiredService<CouponBook>());
        builder.Services.AddSingleton<FailedTries>();
        builder.Services.AddSingleton<CouponDesk>();
        builder.Services.AddSingleton<MakeBatch>();
        builder.Services.AddSingleton<RunningCodes>();
        builder.Services.AddSingleton<ClaimReward>();
    }

    public static void Map(RouteGroupBuilder loyalty)
    {
        CampaignEndpoints.Map(loyalty);
        CampaignFigures.Map(loyalty);
        MakeBatch.Map(loyalty);
        ExportCodes.Map(loyalty);
        WalletEndpoints.Map(loyalty);
        TillEndpoints.Map(loyalty);
        LateRedemptions.Map(loyalty);
        BasketEndpoints.Map(loyalty);
        RewardEndpoints.Map(loyalty);
        ClaimReward.Map(loyalty);
        OfferEndpoints.Map(loyalty);
        ReferralEndpoints.Map(loyalty);
    }
}
