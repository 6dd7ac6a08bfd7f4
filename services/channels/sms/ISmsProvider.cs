namespace Patron.Channels.Sms;

/// <summary>Who carries text messages.</summary>
internal interface ISmsProvider
{
    /// <summary>Why it takes no messages at all, as the end of a sentence; null when it takes them.</summary>
    string? WhyNot { get; }
}

/// <summary>Stands where no provider is configured: every request is answered with that.</summary>
internal sealed class NoProvider : ISmsProvider
{
    public string WhyNot => "no provider of text messages is configured";
}
