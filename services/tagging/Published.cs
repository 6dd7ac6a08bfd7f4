using System.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Patron.Runtime.EventStore;
using Contract = Patron.Contracts.Tagging.V1;

namespace Patron.Tagging;

/// <summary>Own events to the contract of the tagging topic. Who gave a tag by hand or with which file stays here.</summary>
internal static class Published
{
    public static IMessage? Fact(RecordedEvent recorded) => recorded.Event switch
    {
        TagAdded { Assignment: var given } => new Contract.TagAdded
        {
            Tag = given.Tag,
            Reason = given.Reason,
            RuleVersion = given.Version,
            Giver = NameOf(given.Giver),
            Rule = RuleOf(given),
            Until = given.Until is { } until ? Timestamp.FromDateTimeOffset(until) : null,
        },
        TagRemoved { Ended: var ended } removed => new Contract.TagRemoved
        {
            Tag = ended.Tag,
            Reason = removed.Reason,
            RuleVersion = ended.Version,
            Giver = NameOf(ended.Giver),
            Rule = RuleOf(ended),
        },
        // Private on purpose: which tags are held is said by those two.
        TagConfirmed or AssignmentEnded or AssignmentSetAside or TagsHandedOver or TagsGivenBack or TagsReopened or TagsErased or Interacted
            or CountedBefore => null,
        _ => throw new UnreachableException($"No contract is decided for {recorded.Event.GetType().Name}."),
    };

    private static string NameOf(Giver giver) => giver.ToString().ToLowerInvariant();

    private static string RuleOf(Assignment given) => given.Giver == Giver.Rule ? given.By : "";
}
