using Patron.Segmentation.Rfm;

namespace Patron.Segmentation;

/// <summary>The languages in which rules are said.</summary>
internal static class Languages
{
    private static readonly string[] Keys =
    [
        "given_name", "family_name", "email", "phone", "language", "time_zone", "country", AttributeClause.BirthDate, "gender", "city", "region", "postal_code",
        "preferred_store", "top_size", "bottom_size", "shoe_size",
    ];

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
            [PurchaseMeasure.LargestReceipt] = "largest purchase{1} {2} of {0}",
            [PurchaseMeasure.Returns] = "{0} receipts with returns{1} {2}",
        },
        Behaviours = new Dictionary<BehaviourMeasure, string>
        {
            [BehaviourMeasure.Count] = "{1}{2} {0} times {3}",
            [BehaviourMeasure.Days] = "{1}{2} on {0} days {3}",
            [BehaviourMeasure.Products] = "{1}{2} with {0} different products {3}",
            [BehaviourMeasure.Categories] = "{1}{2} with {0} different categories {3}",
            [BehaviourMeasure.DaysSinceFirst] = "first {1}{2} {3} was {0} days ago",
            [BehaviourMeasure.DaysSinceLast] = "last {1}{2} {3} was {0} days ago",
        },
        Lifecycle = "at the stage {0}",
        Stages = new Dictionary<LifecycleStage, string>
        {
            [LifecycleStage.Prospect] = "prospect",
            [LifecycleStage.New] = "new",
            [LifecycleStage.Active] = "active",
            [LifecycleStage.AtRisk] = "at risk",
            [LifecycleStage.Dormant] = "dormant",
            [LifecycleStage.Lost] = "lost",
            [LifecycleStage.WonBack] = "won back",
        },
        RfmNames = "among {0}",
        Recency = "recency score {0}",
        Frequency = "frequency score {0}",
        Monetary = "money score {0}",
        Predictions = new Dictionary<PredictedNumber, string>
        {
            [PredictedNumber.AlivePercent] = "{0} likely to be a customer still",
            [PredictedNumber.Purchases] = "{0} expected purchases in twelve months",
            [PredictedNumber.Value] = "expected value in twelve months {0}",
        },
        AnyBehaviour = "visit",
        Quoted = "“{0}”",
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
        Attributes = Named(
            "given name", "family name", "e-mail address", "phone number", "language", "time zone", "country", "birth date", "gender", "city", "region",
            "postal code", "preferred store", "size of tops", "size of bottoms", "size of shoes"),
        AttributeKnown = "{0} is known",
        AttributeIs = "{0} is {1}",
        Age = "aged {0}",
        BirthdayNext = "birthday within the next {0} days",
        BirthdayLast = "birthday within the last {0} days",
        BirthdayIn = "birthday in {0}",
        Months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"],
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
            [PurchaseMeasure.LargestReceipt] = "{2}{1}单笔最高消费{0}",
            [PurchaseMeasure.Returns] = "{2}{1}有退货的小票{0}张",
        },
        Behaviours = new Dictionary<BehaviourMeasure, string>
        {
            [BehaviourMeasure.Count] = "{3}{2}{1}{0}次",
            [BehaviourMeasure.Days] = "{3}{2}在{0}天有{1}",
            [BehaviourMeasure.Products] = "{3}{2}{1}涉及{0}种商品",
            [BehaviourMeasure.Categories] = "{3}{2}{1}涉及{0}个品类",
            [BehaviourMeasure.DaysSinceFirst] = "{3}{2}首次{1}距今{0}天",
            [BehaviourMeasure.DaysSinceLast] = "{3}{2}最近一次{1}距今{0}天",
        },
        Lifecycle = "处于{0}阶段",
        Stages = new Dictionary<LifecycleStage, string>
        {
            [LifecycleStage.Prospect] = "潜在",
            [LifecycleStage.New] = "新客",
            [LifecycleStage.Active] = "活跃",
            [LifecycleStage.AtRisk] = "流失风险",
            [LifecycleStage.Dormant] = "沉睡",
            [LifecycleStage.Lost] = "流失",
            [LifecycleStage.WonBack] = "召回",
        },
        RfmNames = "RFM分组为{0}",
        Recency = "R分{0}",
        Frequency = "F分{0}",
        Monetary = "M分{0}",
        Predictions = new Dictionary<PredictedNumber, string>
        {
            [PredictedNumber.AlivePercent] = "仍为客户的概率{0}",
            [PredictedNumber.Purchases] = "预计未来12个月购买{0}次",
            [PredictedNumber.Value] = "预计未来12个月价值{0}",
        },
        AnyBehaviour = "行为",
        Quoted = "“{0}”",
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
        Attributes = Named(
            "名字", "姓氏", "电子邮箱", "电话号码", "语言", "时区", "国家或地区", "出生日期", "性别", "城市", "省份或地区", "邮政编码", "首选门店", "上装尺码", "下装尺码", "鞋码"),
        AttributeKnown = "{0}已知",
        AttributeIs = "{0}为{1}",
        Age = "年龄{0}岁",
        BirthdayNext = "未来{0}天内过生日",
        BirthdayLast = "最近{0}天内过生日",
        BirthdayIn = "{0}过生日",
        Months = ["一月", "二月", "三月", "四月", "五月", "六月", "七月", "八月", "九月", "十月", "十一月", "十二月"],
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
            [PurchaseMeasure.LargestReceipt] = "{2}{1}單筆最高消費{0}",
            [PurchaseMeasure.Returns] = "{2}{1}有退貨的收據{0}張",
        },
        Behaviours = new Dictionary<BehaviourMeasure, string>
        {
            [BehaviourMeasure.Count] = "{3}{2}{1}{0}次",
            [BehaviourMeasure.Days] = "{3}{2}在{0}天有{1}",
            [BehaviourMeasure.Products] = "{3}{2}{1}涉及{0}種商品",
            [BehaviourMeasure.Categories] = "{3}{2}{1}涉及{0}個品類",
            [BehaviourMeasure.DaysSinceFirst] = "{3}{2}首次{1}距今{0}天",
            [BehaviourMeasure.DaysSinceLast] = "{3}{2}最近一次{1}距今{0}天",
        },
        Lifecycle = "處於{0}階段",
        Stages = new Dictionary<LifecycleStage, string>
        {
            [LifecycleStage.Prospect] = "潛在",
            [LifecycleStage.New] = "新客",
            [LifecycleStage.Active] = "活躍",
            [LifecycleStage.AtRisk] = "流失風險",
            [LifecycleStage.Dormant] = "沉睡",
            [LifecycleStage.Lost] = "流失",
            [LifecycleStage.WonBack] = "喚回",
        },
        RfmNames = "RFM分組為{0}",
        Recency = "R分{0}",
        Frequency = "F分{0}",
        Monetary = "M分{0}",
        Predictions = new Dictionary<PredictedNumber, string>
        {
            [PredictedNumber.AlivePercent] = "仍為顧客的機率{0}",
            [PredictedNumber.Purchases] = "預計未來12個月購買{0}次",
            [PredictedNumber.Value] = "預計未來12個月價值{0}",
        },
        AnyBehaviour = "行為",
        Quoted = "「{0}」",
        OfProducts = "商品為{0}",
        OfCategories = "品類為{0}",
        Through = "通路為{0}",
        InStores = "門市為{0}",
        Tier = "等級為{0}",
        Tagged = "有標籤{0}",
        Consented = "同意透過{0}接收{1}",
        InSegment = "在客群{0}中",
        InControlGroup = "在對照組{0}的{1}%中",
        Attributes = Named(
            "名字", "姓氏", "電郵地址", "電話號碼", "語言", "時區", "國家或地區", "出生日期", "性別", "城市", "省份或地區", "郵遞區號", "首選門市", "上裝尺碼", "下裝尺碼", "鞋碼"),
        AttributeKnown = "{0}已知",
        AttributeIs = "{0}為{1}",
        Age = "年齡{0}歲",
        BirthdayNext = "未來{0}天內過生日",
        BirthdayLast = "最近{0}天內過生日",
        BirthdayIn = "{0}過生日",
    };

    public static readonly IReadOnlyList<Phrases> All = [English, Simplified, Traditional];

    private static Dictionary<string, string> Named(params IEnumerable<string> labels) => Keys.Zip(labels).ToDictionary(of => of.First, of => of.Second);

    /// <summary>The phrases of a language, or null for one that there is not.</summary>
    public static Phrases? Find(string language) => All.FirstOrDefault(known => known.Language == language);
}
