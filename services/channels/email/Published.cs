using System.Diagnostics;
using Google.Protobuf;
using Patron.Contracts;
using Patron.Contracts.Channels.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Channels.Email;

/// <summary>Own events and the public facts that they become.</summary>
internal static class Published
{
    private const string Channel = "email";

    public static readonly Publication Publication = new(new Topic(Topics.Email), Map);

    private static IMessage? Map(RecordedEvent recorded) => recorded.Event switch
    {
        Sent e => new MessageSent { SendId = Id(recorded), Channel = Channel, Template = e.Template, ProviderMessageId = e.MessageId },
        Suppressed e => new MessageSuppressed { SendId = Id(recorded), Channel = Channel, Code = e.Code, Reason = e.Reason },
        Failed e => new MessageFailed { SendId = Id(recorded), Channel = Channel, Reason = e.Reason },
        Uncertain e => new MessageUncertain { SendId = Id(recorded), Channel = Channel, Reason = e.Reason },
        // Steps on the way concern nobody else; that a recipient withdrew is told to profile, which owns consent and publishes it.
        SendClaimed or OptInClaimed or Calling or Deferred or Unsubscribed or ProfileTold or SendsHandedOver or WithdrawalsJoined or SendsTakenBack => null,
        _ => throw new UnreachableException($"{recorded.Event.GetType().Name} is neither published nor private on purpose."),
    };

    private static string Id(RecordedEvent recorded) => recorded.Stream.ToString("D");
}
