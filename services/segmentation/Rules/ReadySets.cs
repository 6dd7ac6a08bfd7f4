using Patron.Segmentation.Rfm;

namespace Patron.Segmentation;

/// <summary>
/// Sets of segments that every deployment has besides those that it starts with. They are definitions until somebody puts one, as it is or changed:
/// they can be read, counted and explained, but nobody enters or leaves them, so they cost no fact.
/// </summary>
internal static class ReadySets
{
    private static readonly string[] Tiers = ["member", "silver", "gold", "platinum"];

    public static readonly IReadOnlyList<SegmentDefinition> All = [.. Ecommerce(), .. Lifecycle(), .. Rfm(), .. WeChat()];

    /// <summary>The segments in force where nobody put any.</summary>
    public static readonly IReadOnlyList<SegmentDefinition> Installed = [.. ReadyMade.Segments, .. All];

    private static IEnumerable<SegmentDefinition> Ecommerce() =>
    [
        Ready("ecommerce-one-category", "Buys in one category", new AllOf(Year(PurchaseMeasure.Receipts, 3), Year(PurchaseMeasure.Categories, 1, 1))),
        Ready("ecommerce-many-categories", "Buys in many categories", Year(PurchaseMeasure.Categories, 5)),
        Ready("ecommerce-entry-price", "Small baskets only", new AllOf(Year(PurchaseMeasure.Receipts, 2), Year(PurchaseMeasure.LargestReceipt, null, 30_00))),
        Ready("ecommerce-middle-price", "Middle baskets", Year(PurchaseMeasure.LargestReceipt, 30_01, 150_00)),
        Ready("ecommerce-premium-price", "Large baskets", Year(PurchaseMeasure.LargestReceipt, 150_01)),
        Ready("ecommerce-price-entry", "Likes entry prices", new Tagged("product-features/price/entry")),
        Ready("ecommerce-price-premium", "Likes premium goods", new Tagged("product-features/price/premium")),
        Ready("ecommerce-new-arrivals", "Likes new arrivals", new Tagged("product-features/novelty/new-arrivals")),
        Ready("ecommerce-coupon-user", "Sensitive to discounts", new Tagged("ecommerce/discount/coupon-user")),
        Ready("ecommerce-full-price", "Buys without coupons", new AllOf(
            Year(PurchaseMeasure.Receipts, 3), new NoneOf(new Tagged("ecommerce/discount/coupon-user")))),
        Ready("ecommerce-prefers-eshop", "Prefers the eShop", new AllOf(
            Year(PurchaseMeasure.Receipts, 2, null, "eshop"), Year(PurchaseMeasure.Receipts, null, 0, "pos"))),
        Ready("ecommerce-prefers-stores", "Prefers stores", new AllOf(
            Year(PurchaseMeasure.Receipts, 2, null, "pos"), Year(PurchaseMeasure.Receipts, null, 0, "eshop"))),
        Ready("ecommerce-both-channels", "Buys in stores and the eShop", Year(PurchaseMeasure.Channels, 2)),
        Ready("ecommerce-many-stores", "Buys in several stores", Year(PurchaseMeasure.Stores, 3)),
        Ready("ecommerce-wide-basket", "Buys many products", Year(PurchaseMeasure.Products, 20)),
        Ready("ecommerce-returner", "Returns often", Year(PurchaseMeasure.Returns, 3)),
        Ready("ecommerce-browsing", "Browses", Did(BehaviourMeasure.Days, 3, 30)),
        Ready("ecommerce-window-shopper", "Browses without buying", new AllOf(Did(BehaviourMeasure.Days, 3, 30), Bought(null, 0, 30))),
        Ready("ecommerce-left-cart", "Left a cart", new AllOf(Did(BehaviourMeasure.Count, 1, 7, "Product Added"), Bought(null, 0, 7))),
        Ready("ecommerce-left-checkout", "Left the checkout", new AllOf(Did(BehaviourMeasure.Count, 1, 7, "Checkout Started"), Bought(null, 0, 7))),
        Ready("ecommerce-viewed-lately", "Looked at products lately", Did(BehaviourMeasure.Count, 1, 7, "Product Viewed")),
        Ready("ecommerce-language-en", "Reads English", Told("language", "en", "en-GB", "en-US")),
        Ready("ecommerce-language-zh-hans", "Reads simplified Chinese", Told("language", "zh-Hans", "zh-CN", "zh")),
        Ready("ecommerce-language-zh-hant", "Reads traditional Chinese", Told("language", "zh-Hant", "zh-HK", "zh-TW")),
        Ready("ecommerce-region-mainland", "Mainland China", Told("country", "CN")),
        Ready("ecommerce-region-hong-kong", "Hong Kong", Told("country", "HK")),
        Ready("ecommerce-region-taiwan", "Taiwan", Told("country", "TW")),
        Ready("ecommerce-region-united-kingdom", "United Kingdom", Told("country", "GB")),
        Ready("ecommerce-age-to-24", "Younger than 25", new AgeBetween(null, 24)),
        Ready("ecommerce-age-25-34", "Aged 25 to 34", new AgeBetween(25, 34)),
        Ready("ecommerce-age-35-44", "Aged 35 to 44", new AgeBetween(35, 44)),
        Ready("ecommerce-age-45-54", "Aged 45 to 54", new AgeBetween(45, 54)),
        Ready("ecommerce-age-55-64", "Aged 55 to 64", new AgeBetween(55, 64)),
        Ready("ecommerce-age-from-65", "Aged 65 or more", new AgeBetween(65, null)),
        Ready("ecommerce-birthday-week", "Birthday within a week", new BirthdayNear(7, null, null)),
        Ready("ecommerce-birthday-month", "Birthday within 30 days", new BirthdayNear(30, null, null)),
        Ready("ecommerce-valuable", "Expected to be worth most", new PredictedBetween(PredictedNumber.Value, 500_00, null)),
        Ready("ecommerce-slipping-away", "Probably slipping away", new PredictedBetween(PredictedNumber.AlivePercent, 20, 60)),
    ];

    private static IEnumerable<SegmentDefinition> Lifecycle() =>
        from stage in Enum.GetValues<LifecycleStage>()
        let name = Languages.English.Stages[stage]
        from tier in Tiers
        select Ready($"lifecycle-{Kebab(name)}-{tier}", $"{Capital(name)}, tier {tier}", new AllOf(new LifecycleIn(stage), new InTier(tier)));

    private static IEnumerable<SegmentDefinition> Rfm() => RfmCells.Read(RfmCells.Standard).Cells!.Names
        .Select(name => Ready($"rfm-{Kebab(name)}", $"RFM: {name}", new RfmIn([name])));

    private static IEnumerable<SegmentDefinition> WeChat() =>
    [
        Follower("came-by-qr-code", "Came by a QR code", "source/qr"),
        Follower("came-otherwise", "Came by search, card or friend", "source/other"),
        Follower("uses-menu", "Uses the menu", "menu/user"),
        Follower("reads-articles", "Reads articles", "articles/reader"),
        Follower("in-the-morning", "Active in the morning", "hours/morning"),
        Follower("in-the-afternoon", "Active in the afternoon", "hours/afternoon"),
        Follower("in-the-evening", "Active in the evening", "hours/evening"),
        Follower("at-night", "Active at night", "hours/night"),
        Follower("7-days", "Active within 7 days", "recency/7-days"),
        Follower("30-days", "Active within 30 days", "recency/30-days"),
        Follower("90-days", "Active within 90 days", "recency/90-days"),
        Ready("wechat-follower", "WeChat followers", IsFollower),
        Ready("wechat-silent", "WeChat followers, silent for 90 days", new AllOf(IsFollower, new NoneOf(Of("recency/90-days")))),
        Ready("wechat-never-bought", "WeChat followers who never bought", new AllOf(IsFollower, new NumberBetween(NumberColumn.Purchases, null, 0))),
        Ready("wechat-buyer", "WeChat followers who buy", new AllOf(IsFollower, new NumberBetween(NumberColumn.Purchases, 1, null))),
    ];

    private static AnyOf IsFollower => new(Of("source/qr"), Of("source/other"));

    private static SegmentDefinition Follower(string name, string title, string tag) => Ready($"wechat-{name}", $"WeChat followers: {title}", Of(tag));

    private static Tagged Of(string tag) => new($"social/wechat/{tag}");

    private static SegmentDefinition Ready(string name, string title, Clause rule) => new(name, title, rule) { Live = false };

    private static PurchasesBetween Year(PurchaseMeasure measure, long? min, long? max = null, string? channel = null) => new(
        measure, min, max, channel is null ? PurchaseFilter.Any : new([], [], [channel], []), PurchaseWindow.Last(365));

    private static PurchasesBetween Bought(long? min, long? max, int days) =>
        new(PurchaseMeasure.Receipts, min, max, PurchaseFilter.Any, PurchaseWindow.Last(days));

    private static BehavioursBetween Did(BehaviourMeasure measure, long min, int days, params IReadOnlyList<string> types) =>
        new(measure, min, null, new(types, [], []), PurchaseWindow.Last(days));

    private static AttributeIn Told(string attribute, params IReadOnlyList<string> values) => new(attribute, values);

    private static string Kebab(string name) => name.Replace("'", "", StringComparison.Ordinal).Replace(' ', '-');

    private static string Capital(string name) => char.ToUpperInvariant(name[0]) + name[1..];
}
