namespace Patron.Local;

/// <summary>What the catcher does with mail to some recipients instead of accepting it. The first fault that applies wins.</summary>
/// <param name="Applies">Tells whether a recipient's address is meant.</param>
/// <param name="Kind">What happens.</param>
/// <param name="Reply">For <see cref="MailFaultKind.Refuse"/> and <see cref="MailFaultKind.RefuseData"/>, such as "451 4.7.1 Try later".</param>
/// <param name="Delay">For <see cref="MailFaultKind.Delay"/>: how long the final reply is kept back.</param>
public sealed record MailFault(Func<string, bool> Applies, MailFaultKind Kind, string Reply = "", TimeSpan Delay = default);

public enum MailFaultKind
{
    /// <summary>RCPT is answered with the reply.</summary>
    Refuse,

    /// <summary>The mail is taken in and then answered with the reply, and not kept.</summary>
    RefuseData,

    /// <summary>The mail is kept, and the reply comes late.</summary>
    Delay,

    /// <summary>The mail is kept, but the connection is closed before the reply: the sender cannot know.</summary>
    DropAfterKeeping,

    /// <summary>The connection is closed at the end of the data, and the mail is not kept: the sender cannot know either.</summary>
    DropBeforeKeeping,
}
