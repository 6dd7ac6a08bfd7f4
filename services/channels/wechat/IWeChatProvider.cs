namespace Patron.Channels.WeChat;

/// <summary>Who carries WeChat messages.</summary>
internal interface IWeChatProvider
{
    /// <summary>Why it takes no messages at all, as the end of a sentence; null when it takes them.</summary>
    string? WhyNot { get; }
}

/// <summary>Stands where no provider is configured: every request is answered with that.</summary>
internal sealed class NoProvider : IWeChatProvider
{
    public string WhyNot => "no provider of WeChat messages is configured";
}
