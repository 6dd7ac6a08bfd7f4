namespace Patron.Segmentation;

/// <summary>
/// How a language says rules. Texts with braces are composite formats: {0} is what the clause is about, {1} and {2} what follows.
/// </summary>
internal sealed record Phrases
{
    /// <summary>A BCP 47 tag.</summary>
    public required string Language { get; init; }

    public required string Everyone { get; init; }

    public required string Nobody { get; init; }

    public required string And { get; init; }

    public required string Or { get; init; }

    public required string Not { get; init; }

    /// <summary>Around a part that needs it to be read right.</summary>
    public string Brackets { get; init; } = "({0})";

    public required string AtLeast { get; init; }

    public required string AtMost { get; init; }

    public required string FromTo { get; init; }

    public required string Exactly { get; init; }

    public required string Anything { get; init; }

    public required string DaysAgo { get; init; }

    public required string OnDate { get; init; }

    public required string DateFrom { get; init; }

    public required string DateTo { get; init; }

    public required string DateFromTo { get; init; }

    public required IReadOnlyDictionary<DayColumn, string> Days { get; init; }

    public required IReadOnlyDictionary<NumberColumn, string> Numbers { get; init; }

    /// <summary>{0} is the bound, {1} the filter with <see cref="Of"/>, {2} the window.</summary>
    public required IReadOnlyDictionary<PurchaseMeasure, string> Measures { get; init; }

    public required string Of { get; init; }

    public required string OfProducts { get; init; }

    public required string OfCategories { get; init; }

    public required string Through { get; init; }

    public required string InStores { get; init; }

    public required string LastDays { get; init; }

    public required string Tier { get; init; }

    public required string Tagged { get; init; }

    public required string Consented { get; init; }

    public required string InSegment { get; init; }

    /// <summary>{1} is the share in per cent.</summary>
    public required string InControlGroup { get; init; }
}

/// <summary>The languages in which rules are said.</summary>
internal static class Languages
{
    public static readonly Phrases English = new()
    {
        Language = "en",
        Everyone = "every customer",
        Nobody = "no customer",
        And = " and ",
        Or = " or ",
        Not = "not ({0})",
        AtLeast = "at least {0}",
        AtMost = "at most {0}",
        FromTo = "{0} to {1}",
        Exactly = "exactly {0}",
        Anything = "any number of",
        DaysAgo = "{0} {1} days ago",
        OnDate = "{0} {1}",
        DateFrom = "from {0} on",
        DateTo = "up to {0}",
        DateFromTo = "from {0} to {1}",
        Days = new Dictionary<DayColumn, string> { [DayColumn.FirstPurchase] = "first purchase", [DayColumn.LastPurchase] = "last purchase" },
        Numbers = new Dictionary<NumberColumn, string>
        {
            [NumberColumn.Purchases] = "{0} purchases",
            [NumberColumn.Points] = "{0} points",
            [NumberColumn.Spend] = "spent {0} in all",
            [NumberColumn.SpendInTwelveMonths] = "spent {0} in the last 12 months",
        },
        Measures = new Dictionary<PurchaseMeasure, string>
        {
            [PurchaseMeasure.Receipts] = "{0} purchases{1} {2}",
            [PurchaseMeasure.Spend] = "spent {0}{1} {2}",
            [PurchaseMeasure.Days] = "purchases{1} on {0} days {2}",
            [PurchaseMeasure.Products] = "{0} different products{1} {2}",
            [PurchaseMeasure.Categories] = "{0} different categories{1} {2}",
            [PurchaseMeasure.Stores] = "purchases{1} in {0} stores {2}",
            [PurchaseMeasure.Channels] = "purchases{1} through {0} channels {2}",
            [PurchaseMeasure.DaysSinceFirst] = "first purchase{1} {2} was {0} days ago",
            [PurchaseMeasure.DaysSinceLast] = "last purchase{1} {2} was {0} days ago",
        },
        Of = " {0}",
        OfProducts = "of product {0}",
        OfCategories = "of category {0}",
        Through = "through {0}",
        InStores = "in store {0}",
        LastDays = "in the last {0} days",
        Tier = "tier {0}",
        Tagged = "tagged {0}",
        Consented = "agrees to {1} by {0}",
        InSegment = "in segment {0}",
        InControlGroup = "in the {1}% of control group {0}",
    };

    public static readonly Phrases Simplified = new()
    {
        Language = "zh-Hans",
        Everyone = "所有客户",
        Nobody = "没有客户",
        And = "，并且",
        Or = "，或者",
        Not = "不满足（{0}）",
        Brackets = "（{0}）",
        AtLeast = "至少{0}",
        AtMost = "最多{0}",
        FromTo = "{0}到{1}",
        Exactly = "正好{0}",
        Anything = "任意",
        DaysAgo = "{0}距今{1}天",
        OnDate = "{0}{1}",
        DateFrom = "在{0}或之后",
        DateTo = "在{0}或之前",
        DateFromTo = "在{0}到{1}之间",
        Days = new Dictionary<DayColumn, string> { [DayColumn.FirstPurchase] = "首次购买", [DayColumn.LastPurchase] = "最近一次购买" },
        Numbers = new Dictionary<NumberColumn, string>
        {
            [NumberColumn.Purchases] = "购买{0}次",
            [NumberColumn.Points] = "积分{0}",
            [NumberColumn.Spend] = "累计消费{0}",
            [NumberColumn.SpendInTwelveMonths] = "最近12个月消费{0}",
        },
        Measures = new Dictionary<PurchaseMeasure, string>
        {
            [PurchaseMeasure.Receipts] = "{2}{1}购买{0}次",
            [PurchaseMeasure.Spend] = "{2}{1}消费{0}",
            [PurchaseMeasure.Days] = "{2}{1}在{0}天有购买",
            [PurchaseMeasure.Products] = "{2}{1}购买{0}种商品",
            [PurchaseMeasure.Categories] = "{2}{1}购买{0}个品类",
            [PurchaseMeasure.Stores] = "{2}{1}在{0}家门店购买",
            [PurchaseMeasure.Channels] = "{2}{1}通过{0}个渠道购买",
            [PurchaseMeasure.DaysSinceFirst] = "{2}{1}首次购买距今{0}天",
            [PurchaseMeasure.DaysSinceLast] = "{2}{1}最近一次购买距今{0}天",
        },
        Of = "、{0}，",
        OfProducts = "商品为{0}",
        OfCategories = "品类为{0}",
        Through = "渠道为{0}",
        InStores = "门店为{0}",
        LastDays = "最近{0}天",
        Tier = "等级为{0}",
        Tagged = "有标签{0}",
        Consented = "同意通过{0}接收{1}",
        InSegment = "在人群{0}中",
        InControlGroup = "在对照组{0}的{1}%中",
    };

    public static readonly Phrases Traditional = Simplified with
    {
        Language = "zh-Hant",
        Everyone = "所有顧客",
        Nobody = "沒有顧客",
        And = "，並且",
        Not = "不符合（{0}）",
        DateFrom = "在{0}或之後",
        DateFromTo = "在{0}到{1}之間",
        Days = new Dictionary<DayColumn, string> { [DayColumn.FirstPurchase] = "首次購買", [DayColumn.LastPurchase] = "最近一次購買" },
        Numbers = new Dictionary<NumberColumn, string>
        {
            [NumberColumn.Purchases] = "購買{0}次",
            [NumberColumn.Points] = "積分{0}",
            [NumberColumn.Spend] = "累計消費{0}",
            [NumberColumn.SpendInTwelveMonths] = "最近12個月消費{0}",
        },
        Measures = new Dictionary<PurchaseMeasure, string>
        {
            [PurchaseMeasure.Receipts] = "{2}{1}購買{0}次",
            [PurchaseMeasure.Spend] = "{2}{1}消費{0}",
            [PurchaseMeasure.Days] = "{2}{1}在{0}天有購買",
            [PurchaseMeasure.Products] = "{2}{1}購買{0}種商品",
            [PurchaseMeasure.Categories] = "{2}{1}購買{0}個品類",
            [PurchaseMeasure.Stores] = "{2}{1}在{0}家門市購買",
            [PurchaseMeasure.Channels] = "{2}{1}透過{0}個通路購買",
            [PurchaseMeasure.DaysSinceFirst] = "{2}{1}首次購買距今{0}天",
            [PurchaseMeasure.DaysSinceLast] = "{2}{1}最近一次購買距今{0}天",
        },
        OfProducts = "商品為{0}",
        OfCategories = "品類為{0}",
        Through = "通路為{0}",
        InStores = "門市為{0}",
        Tier = "等級為{0}",
        Tagged = "有標籤{0}",
        Consented = "同意透過{0}接收{1}",
        InSegment = "在客群{0}中",
        InControlGroup = "在對照組{0}的{1}%中",
    };

    public static readonly IReadOnlyList<Phrases> All = [English, Simplified, Traditional];

    /// <summary>The phrases of a language, or null for one that there is not.</summary>
    public static Phrases? Find(string language) => All.FirstOrDefault(known => known.Language == language);
}
