using Patron.Runtime.EventStore;

namespace Patron.Channels.Email;

/// <summary>A journey's request was taken up; whether it may be sent is decided when it is its turn. The stream's id is the send id.</summary>
[EventName("email.send-claimed.v1")]
internal sealed record SendClaimed(
    string Journey, string Step, string Purpose, string Template, IReadOnlyDictionary<string, string> Data, DateTimeOffset Deadline) : DomainEvent;

/// <summary>
/// Committed before the mail server is called: what is found in this state after a crash may have been sent, and is never sent again.
/// </summary>
/// <param name="Recipient">Keyed hash of the address in base64; see <see cref="RecipientHash"/>.</param>
[EventName("email.calling.v1")]
internal sealed record Calling(Guid Attempt, string MessageId, string Recipient) : DomainEvent;

/// <summary>The mail server certainly did not take the message and may take it later.</summary>
/// <param name="Reason">Reply code and enhanced status; never the reply's text, in which servers repeat addresses.</param>
[EventName("email.deferred.v1")]
internal sealed record Deferred(Guid Attempt, string Reason) : DomainEvent;

[EventName("email.sent.v1")]
internal sealed record Sent(string Template, string MessageId, string ProviderReply) : DomainEvent;

/// <summary>The gate was shut.</summary>
/// <param name="Code">One of <see cref="SuppressionCode"/>.</param>
[EventName("email.suppressed.v1")]
internal sealed record Suppressed(string Code, string Reason) : DomainEvent;

[EventName("email.failed.v1")]
internal sealed record Failed(string Reason) : DomainEvent;

/// <summary>The message was handed over and no answer came: it may have been sent.</summary>
[EventName("email.uncertain.v1")]
internal sealed record Uncertain(string Reason) : DomainEvent;

/// <summary>Why a gate was shut; part of the public contract.</summary>
internal static class SuppressionCode
{
    public const string NoConsent = "no-consent";
    public const string NoContactPoint = "no-contact-point";
    public const string TooLate = "too-late";
}

internal enum SendStage
{
    New,
    Claimed,
    Calling,
    Sent,
    Suppressed,
    Failed,
    Uncertain,
}

/// <summary>One message to one customer.</summary>
/// <param name="Attempt">Which call is under way; a late answer to another one changes nothing.</param>
internal sealed record Send(SendStage Stage, Guid? Attempt)
{
    public static readonly StreamKind<Send> Kind = new("send", new Send(SendStage.New, null), Evolve, EmailJson.Default.Send);

    /// <summary>Of all streams of the service.</summary>
    public static readonly EventTypes Events = new(
        EmailJson.Default, typeof(SendClaimed), typeof(Calling), typeof(Deferred), typeof(Sent), typeof(Suppressed), typeof(Failed), typeof(Uncertain),
        typeof(Unsubscribed), typeof(ProfileTold), typeof(OptInClaimed), typeof(SendsHandedOver), typeof(WithdrawalsJoined), typeof(SendsTakenBack));

    private static Send Evolve(Send send, DomainEvent happened) => happened switch
    {
        SendClaimed or OptInClaimed or Deferred => new Send(SendStage.Claimed, null),
        Calling calling => new Send(SendStage.Calling, calling.Attempt),
        Sent => send with { Stage = SendStage.Sent },
        Suppressed => send with { Stage = SendStage.Suppressed },
        Failed => send with { Stage = SendStage.Failed },
        Uncertain => send with { Stage = SendStage.Uncertain },
        _ => throw new System.Diagnostics.UnreachableException($"{happened.GetType().Name} does not belong to a send."),
    };
}
