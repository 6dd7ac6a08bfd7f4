namespace Patron.Tagging;

/// <summary>The tree that every deployment starts with.</summary>
internal static class TaxonomyReadyMade
{
    public static readonly IReadOnlyList<TaxonomyNode> Nodes =
    [
        Branch("demographics", "Demographics", "人口属性", "人口屬性"),
        Branch("demographics/life-stage", "Life stage", "人生阶段", "人生階段", Choice.Single),
        Tag("demographics/life-stage/student", "Student", "学生", "學生"),
        Tag("demographics/life-stage/young-professional", "Young professional", "年轻白领", "年輕白領"),
        Tag("demographics/life-stage/parent", "Parent", "为人父母", "為人父母"),
        Tag("demographics/life-stage/retired", "Retired", "退休", "退休"),

        Branch("consumption", "Consumption", "消费行为", "消費行為"),
        Branch("consumption/frequency", "How often they buy", "购买频率", "購買頻率", Choice.Single),
        Tag("consumption/frequency/first-time", "First-time buyer", "首次购买", "首次購買"),
        Tag("consumption/frequency/repeat", "Repeat buyer", "重复购买", "重複購買"),
        Tag("consumption/frequency/frequent", "Frequent buyer", "高频购买", "高頻購買"),
        Branch("consumption/channel", "Where they buy", "购买渠道", "購買渠道"),
        Tag("consumption/channel/multi-channel", "Multi-channel shopper", "全渠道购物", "全渠道購物"),
        Branch("consumption/basket", "What they spend at once", "单次消费", "單次消費"),
        Tag("consumption/basket/big", "Big basket", "大额订单", "大額訂單"),
        Branch("consumption/returns", "What they give back", "退货", "退貨"),
        Tag("consumption/returns/returner", "Returner", "经常退货", "經常退貨"),

        Branch("product-features", "Product features", "商品特征", "商品特徵"),
        Branch("product-features/price", "Price level", "价格档次", "價格檔次", Choice.Single),
        Tag("product-features/price/entry", "Entry price", "入门价位", "入門價位"),
        Tag("product-features/price/premium", "Premium", "高端价位", "高端價位"),
        Branch("product-features/novelty", "Novelty", "新品偏好", "新品偏好"),
        Tag("product-features/novelty/new-arrivals", "Likes new arrivals", "偏好新品", "偏好新品"),

        Branch("ecommerce", "eCommerce behaviour", "电商行为", "電商行為"),
        Branch("ecommerce/discount", "Discounts", "折扣敏感度", "折扣敏感度"),
        Tag("ecommerce/discount/coupon-user", "Uses coupons", "爱用优惠券", "愛用優惠券"),
        Branch("ecommerce/browsing", "Browsing", "浏览习惯", "瀏覽習慣"),
        Tag("ecommerce/browsing/window-shopper", "Browses without buying", "只逛不买", "只逛不買", 90),

        Branch("content", "Content preference", "内容偏好", "內容偏好"),
        Branch("content/topics", "Topics", "感兴趣的话题", "感興趣的話題"),
        Tag("content/topics/styling", "Styling", "穿搭", "穿搭", 180),
        Tag("content/topics/sustainability", "Sustainability", "可持续发展", "永續發展", 180),

        Branch("social", "Social", "社交媒体", "社群媒體"),
        Branch("social/wechat", "WeChat followers", "微信粉丝", "微信粉絲"),
        Branch("social/wechat/source", "How they came to follow", "关注来源", "關注來源", Choice.Single),
        Tag("social/wechat/source/qr", "By a QR code", "扫码关注", "掃碼關注"),
        Tag("social/wechat/source/other", "By search, card or friend", "搜索、名片或好友", "搜尋、名片或好友"),
        Branch("social/wechat/menu", "Menu clicks", "菜单点击", "選單點擊"),
        Tag("social/wechat/menu/user", "Uses the menu", "使用菜单", "使用選單", 90),
        Branch("social/wechat/articles", "Article reads", "文章阅读", "文章閱讀"),
        Tag("social/wechat/articles/reader", "Reads articles", "阅读文章", "閱讀文章", 90),
        Branch("social/wechat/hours", "Active hours", "活跃时段", "活躍時段", Choice.Single),
        Tag("social/wechat/hours/morning", "Mornings (6 to 12)", "上午（6至12点）", "上午（6至12點）", 180),
        Tag("social/wechat/hours/afternoon", "Afternoons (12 to 18)", "下午（12至18点）", "下午（12至18點）", 180),
        Tag("social/wechat/hours/evening", "Evenings (18 to 24)", "晚上（18至24点）", "晚上（18至24點）", 180),
        Tag("social/wechat/hours/night", "Nights (0 to 6)", "深夜（0至6点）", "深夜（0至6點）", 180),
        Branch("social/wechat/recency", "Last interaction", "最近互动", "最近互動"),
        Tag("social/wechat/recency/7-days", "Within 7 days", "7天内", "7天內", 7),
        Tag("social/wechat/recency/30-days", "Within 30 days", "30天内", "30天內", 30),
        Tag("social/wechat/recency/90-days", "Within 90 days", "90天内", "90天內", 90),

        Branch("loyalty", "Loyalty programme", "会员计划", "會員計畫"),
        Branch("loyalty/tier", "Tier", "会员等级", "會員等級", Choice.Single),
        Tag("loyalty/tier/member", "Member", "普通会员", "普通會員"),
        Tag("loyalty/tier/silver", "Silver", "银卡", "銀卡"),
        Tag("loyalty/tier/gold", "Gold", "金卡", "金卡"),
        Tag("loyalty/tier/platinum", "Platinum", "白金卡", "白金卡"),
    ];

    private static TaxonomyNode Branch(string id, string english, string simplified, string traditional, Choice choice = Choice.Multiple) =>
        new(id, ParentOf(id), IsTag: false, new(english, simplified, traditional), choice, Owner: null, ExpiresAfterDays: null, Retired: false);

    private static TaxonomyNode Tag(string id, string english, string simplified, string traditional, int? expiresAfterDays = null) =>
        new(id, ParentOf(id), IsTag: true, new(english, simplified, traditional), Choice.Multiple, Owner: null, expiresAfterDays, Retired: false);

    private static string? ParentOf(string id) => id.LastIndexOf('/') is var cut and > 0 ? id[..cut] : null;
}
