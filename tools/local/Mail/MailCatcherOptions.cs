namespace Patron.Local;

/// <summary>How a <see cref="MailCatcher"/> listens and keeps.</summary>
public sealed record MailCatcherOptions
{
    /// <summary>Where mails.mbox and mails.index are kept; what is there already is read at start.</summary>
    public required string Folder { get; init; }

    /// <summary>Of 127.0.0.1; 0 takes any free one.</summary>
    public int Port { get; init; }

    public int MessageBytesMax { get; init; } = 10 << 20;

    /// <summary>RFC 5321 asks for at least 512 octets for commands and 1000 for text; longer ones appear in the wild.</summary>
    public int LineBytesMax { get; init; } = 8192;

    public int RecipientsMax { get; init; } = 100;

    public int ConnectionsMax { get; init; } = 256;

    /// <summary>How many of the latest mails are listed and can be found. Earlier ones stay in the file and are counted.</summary>
    public int ListedMax { get; init; } = 100_000;
}
