using System.Text.Json.Nodes;
using Patron.Runtime.EventStore;

namespace Patron.Tagging;

/// <summary>
/// Events of the time when tags came from rules of this service alone, each at most once a tag, read as those of today. The rules' names are
/// those of the segments that took their place.
/// </summary>
internal static class FormerEvents
{
    private const string Counted = "tagging.counted-before.v1";
    private const string MultiChannelRule = "multi-channel-shopper";
    private const string MultiChannelSegment = "multi-channel";

    public static EventTypes Upcast(EventTypes types) => types
        .Upcast("tagging.tag-added.v1", "tagging.tag-added.v2", added => new JsonObject { ["assignment"] = AssignmentOf(added) })
        .Upcast("tagging.tag-removed.v1", "tagging.tag-removed.v2", removed => new JsonObject
        {
            ["ended"] = AssignmentOf(removed),
            ["reason"] = removed["reason"]!.DeepClone(),
            ["at"] = removed["until"]!.DeepClone(),
        })
        .Upcast("tagging.tags-handed-over.v1", "tagging.tags-handed-over.v2", over => new JsonObject
        {
            ["into"] = over["into"]!.DeepClone(),
            ["link"] = over["link"]!.DeepClone(),
            ["version"] = over["version"]!.DeepClone(),
            ["kept"] = new JsonArray([.. over["kept"]!.AsArray().Select(held => AssignmentOf(held!.AsObject()))]),
        })
        .Upcast("tagging.tags-reopened.v1", "tagging.tags-reopened.v2", reopened => new JsonObject
        {
            ["from"] = reopened["from"]!.DeepClone(),
            ["link"] = reopened["link"]!.DeepClone(),
            ["version"] = reopened["version"]!.DeepClone(),
        })
        .Upcast("tagging.counters-taken.v1", Counted, Nothing)
        .Upcast("tagging.receipt-counted.v1", Counted, Nothing)
        .Upcast("tagging.counters-joined.v1", Counted, Nothing)
        .Upcast("tagging.counters-given-back.v1", Counted, Nothing);

    private static JsonObject AssignmentOf(JsonObject held)
    {
        var rule = held["rule"]!.GetValue<string>();
        return new()
        {
            ["tag"] = held["tag"]!.DeepClone(),
            ["giver"] = rule == FollowTier.Rule ? nameof(Giver.Tier) : nameof(Giver.Rule),
            ["by"] = rule == MultiChannelRule ? MultiChannelSegment : rule,
            ["version"] = held["ruleVersion"]!.DeepClone(),
            ["reason"] = held["reason"]!.DeepClone(),
            ["since"] = (held["since"] ?? held["until"])!.DeepClone(),
        };
    }

    private static JsonObject Nothing(JsonObject former) => [];
}
