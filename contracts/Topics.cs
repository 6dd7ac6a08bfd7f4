namespace Patron.Contracts;

/// <summary>The names of the topics, one retained topic of facts a context and one compacted topic where others need current state.</summary>
public static class Topics
{
    /// <summary>What touchpoints publish to Patron over Kafka; any key, CloudEvents binary or structured mode.</summary>
    public const string Ingest = "patron.ingest";

    public const string Profile = "patron.profile";
    public const string ProfileCustomers = "patron.profile.customers";
    public const string Tagging = "patron.tagging";
    public const string Loyalty = "patron.loyalty";
    public const string Segmentation = "patron.segmentation";
    public const string SegmentationRows = "patron.segmentation.rows";
    public const string Journey = "patron.journey";
    public const string Email = "patron.email";
    public const string Sms = "patron.sms";
    public const string WeChat = "patron.wechat";
}
