using System.Diagnostics;
using Google.Protobuf;
using Patron.Runtime.EventStore;
using Contract = Patron.Contracts.Tagging.V1;

namespace Patron.Tagging;

/// <summary>Own events to the contract of the tagging topic.</summary>
internal static class Published
{
    public static IMessage? Fact(RecordedEvent recorded) => recorded.Event switch
    {
        TagAdded added => new Contract.TagAdded { Tag = added.Tag, Reason = added.Reason, RuleVersion = added.RuleVersion },
        TagRemoved removed => new Contract.TagRemoved { Tag = removed.Tag, Reason = removed.Reason, RuleVersion = removed.RuleVersion },
        // Private on purpose: which tags are held is said by those two.
        CountersTaken or ReceiptCounted or TagsHandedOver or CountersJoined or CountersGivenBack or TagsReopened => null,
        _ => throw new UnreachableException($"No contract is decided for {recorded.Event.GetType().Name}."),
    };
}
