using System.Text.RegularExpressions;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventStore;

namespace Patron.Tagging;

/// <summary>
/// What followers of the official account do: how they came, what they click and read, when they are active and how lately. Beside the
/// general tags, a QR scene, menu key or article of which the taxonomy has a tag, such as <c>social/wechat/source/shanghai-store</c>, gives
/// that one.
/// </summary>
internal static partial class FollowWeChat
{
    private const string Channel = "wechat";
    private const string Root = "social/wechat";

    public static bool Concerns(BehaviourRecorded did) => Reasons.ContainsKey(did.Type);

    private static readonly Dictionary<string, string> Reasons = new()
    {
        ["WeChat Followed"] = "followed the account",
        ["WeChat Unfollowed"] = "stopped following the account",
        ["WeChat QR Scanned"] = "scanned a QR code",
        ["WeChat Menu Clicked"] = "clicked in the menu",
        ["WeChat Article Viewed"] = "opened an article",
        ["WeChat Message Received"] = "wrote to the account",
    };

    /// <param name="origin">The merged customer who did it; null for the stream's own.</param>
    /// <param name="toldAt">When it became known, which may be long after it happened.</param>
    public static Decision Decide(
        CustomerTags tags, Taxonomy taxonomy, BehaviourRecorded did, Guid? origin, DateTimeOffset toldAt, TimeZoneInfo zone, Cause cause)
    {
        if (tags.IsErased)
            return Decision.Nothing;
        var at = did.OccurredAt.ToDateTimeOffset();
        if (did.Type == "WeChat Unfollowed")
        {
            // The platform asks that what is known of a follower goes with them.
            return Decision.Of(AssignTag.End(
                tags, given => given.Giver == Giver.Channel && given.By == Channel && given.Origin == origin, Reasons[did.Type], at));
        }

        var hour = TimeZoneInfo.ConvertTime(at, zone).Hour;
        var events = new List<DomainEvent> { new Interacted(Channel, hour) };
        var state = CustomerTags.Evolve(tags, events[0]);
        foreach (var tag in TagsOf(did, taxonomy).Append($"{Root}/hours/{ActiveHours(state.Hours)}"))
        {
            var next = new Assignment(tag, Giver.Channel, Channel, Version: 0, Reasons[did.Type], at)
            {
                Until = taxonomy.Tag(tag)?.EndOf(at),
                Cause = cause,
                Origin = origin,
            };

            // Told late, it may be over, or what was told of a later moment lasts longer.
            if (next.Until <= toldAt || state.Find(next.Key)?.Until >= next.Until)
                continue;
            var given = AssignTag.Give(state, taxonomy, next);
            events.AddRange(given.Events);
            state = given.Events.Aggregate(state, CustomerTags.Evolve);
        }

        return Decision.Of(events);
    }

    private static IEnumerable<string> TagsOf(BehaviourRecorded did, Taxonomy taxonomy)
    {
        foreach (var days in (int[])[7, 30, 90])
            yield return $"{Root}/recency/{days}-days";
        var (branch, general, name) = did.Type switch
        {
            "WeChat Followed" when Property(did, "scene") is { Length: > 0 } scene => ("source", "qr", scene),
            "WeChat Followed" => ("source", "other", ""),
            "WeChat Menu Clicked" => ("menu", "user", Property(did, "menu_key")),
            "WeChat Article Viewed" => ("articles", "reader", Property(did, "article")),
            _ => ("", "", ""),
        };
        if (branch.Length == 0)
            yield break;
        var special = $"{Root}/{branch}/{Kebab(name)}";
        var isKnown = taxonomy.Tag(special) is { Retired: false };

        // Of several ways to follow only one is right.
        if (!isKnown || branch != "source")
            yield return $"{Root}/{branch}/{general}";
        if (isKnown)
            yield return special;
    }

    /// <summary>The part of the day of most of the last interactions; of two alike the one of the later interaction.</summary>
    private static string ActiveHours(IReadOnlyList<int> hours) => hours.Select(PartOf).Index().GroupBy(at => at.Item)
        .OrderByDescending(part => part.Count()).ThenByDescending(part => part.Max(at => at.Index)).First().Key;

    private static string PartOf(int hour) => hour switch
    {
        < 6 => "night",
        < 12 => "morning",
        < 18 => "afternoon",
        _ => "evening",
    };

    private static string Property(BehaviourRecorded did, string name) => did.Properties.TryGetValue(name, out var value) ? value : "";

    private static string Kebab(string text) => NoWord().Replace(text.ToLowerInvariant(), "-").Trim('-');

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NoWord();
}
