namespace Patron.Channels.Email;

/// <summary>A message to be handed over, with the addresses of its envelope. The content is not dot-stuffed.</summary>
internal sealed record OutgoingMail(string From, string To, byte[] Content);

/// <summary>What became of handing a message over.</summary>
internal abstract record SmtpOutcome
{
    /// <summary>The server is responsible for it now.</summary>
    public sealed record Accepted(SmtpReply Reply) : SmtpOutcome;

    /// <summary>Not taken: for now (4yz) or for good (5yz).</summary>
    public sealed record Refused(SmtpReply Reply) : SmtpOutcome;

    /// <summary>The connection failed before any of the content was handed over: certainly not taken.</summary>
    public sealed record NotReached : SmtpOutcome;

    /// <summary>The connection failed between content and answer: perhaps taken.</summary>
    public sealed record Unknown : SmtpOutcome;
}

/// <summary>A server's answer (RFC 5321, 4.2). The text of its last line may repeat addresses and is never kept as it is.</summary>
internal readonly record struct SmtpReply(int Code, string Text)
{
    public bool IsPositive => Code is >= 200 and < 300;

    public bool IsPermanent => Code >= 500;

    /// <summary>Code and enhanced status (RFC 3463), such as <c>550 5.1.1</c>.</summary>
    public string Status => Enhanced is { Length: > 0 } enhanced ? $"{Code} {enhanced}" : Code.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Status, and the number under which the server queued the message where it tells one in a usual way.</summary>
    public string Receipt => QueueId is { Length: > 0 } id ? $"{Status} {id}" : Status;

    private string Enhanced
    {
        get
        {
            var word = Text.Split(' ', 2)[0];
            return word.Length is >= 5 and <= 11 && word[0] is '2' or '4' or '5' && word.All(c => char.IsAsciiDigit(c) || c == '.') ? word : "";
        }
    }

    private string QueueId
    {
        get
        {
            var at = Text.LastIndexOf("queued as ", StringComparison.OrdinalIgnoreCase);
            var id = at < 0 ? "" : Text[(at + "queued as ".Length)..].Split(' ', 2)[0];
            return id.Length <= 64 && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.') ? id : "";
        }
    }
}
