using System.Diagnostics;
using Patron.Contracts;
using Patron.Contracts.Channels.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Channels.WeChat;

/// <summary>Own events and the public facts that they become.</summary>
internal static class Published
{
    public static readonly Publication Publication = new(new Topic(Topics.WeChat), Map);

    private static MessageSuppressed? Map(RecordedEvent recorded) => recorded.Event switch
    {
        Suppressed e => new MessageSuppressed { SendId = recorded.Stream.ToString("D"), Channel = "wechat", Code = e.Code, Reason = e.Reason },
        // That a message waits concerns nobody else.
        SendClaimed => null,
        _ => throw new UnreachableException($"{recorded.Event.GetType().Name} is neither published nor private on purpose."),
    };
}
