using Patron.Runtime.EventStore;

namespace Patron.Tagging;

/// <summary>The tag cannot be given to anybody.</summary>
internal sealed record NoSuchTag(string Tag, bool IsRetired) : Refusal
{
    public override string Code => IsRetired ? "tag-retired" : "no-such-tag";

    public override string Detail => IsRetired
        ? $"The tag {Tag} is retired and no longer given; GET /v1/tagging/taxonomy lists those that are."
        : $"There is no tag {Tag}; GET /v1/tagging/taxonomy lists them.";
}

internal sealed record NobodyToTag : Refusal
{
    public override string Code => "customer-erased";

    public override string Detail => "This customer was erased, and nothing can be assigned to them any more.";
}

/// <summary>Only what a rule or the programme says can end what these give.</summary>
internal sealed record GivenByRule(string Tag, string By) : Refusal
{
    public override string Code => "tag-given-by-rule";

    public override string Detail => $"{By} gives the tag {Tag} to this customer, and it ends when that no longer holds; change the rule instead.";
}

/// <summary>
/// What giving and ending assignments leads to. In a single-choice branch the last one given takes the place of the others for good: were
/// these to come back when it ends, two rules that need each other's tags could go on for ever.
/// </summary>
internal static class AssignTag
{
    /// <summary>Given by hand or by file: like <see cref="Give"/>, but what cannot be given is refused.</summary>
    public static Decision Ask(CustomerTags tags, Taxonomy taxonomy, Assignment next)
    {
        if (tags.IsErased)
            return new NobodyToTag();
        var node = taxonomy.Tag(next.Tag);
        return node is null || node.Retired ? new NoSuchTag(next.Tag, IsRetired: node is not null) : Give(tags, taxonomy, next);
    }

    /// <summary>
    /// The same assignment again changes nothing; one with another reason, version or end takes its place. A retired tag is not given. One that
    /// is not in the tree is: rules and programmes may be ahead of it.
    /// </summary>
    public static Decision Give(CustomerTags tags, Taxonomy taxonomy, Assignment next)
    {
        if (tags.IsErased || taxonomy.Tag(next.Tag) is { Retired: true })
            return Decision.Nothing;
        if (tags.Find(next.Key) is { } known)
        {
            var renewed = next with { Since = known.Since, RenewedAt = next.Since };
            return IsSame(known, next) ? Decision.Nothing : new TagConfirmed(renewed);
        }

        var rivals = taxonomy.Rivals(next.Tag);
        return Decision.Of(
        [
            .. End(tags, given => rivals.Contains(given.Tag), With($"replaced by {next.Tag}", next.Reason), next.Since),
            tags.Has(next.Tag) ? new TagConfirmed(next) : new TagAdded(next),
        ]);
    }

    /// <summary>Ends assignments, and the tags of which none is left.</summary>
    public static IReadOnlyList<DomainEvent> End(CustomerTags tags, Func<Assignment, bool> which, string reason, DateTimeOffset at)
    {
        var events = new List<DomainEvent>();
        foreach (var tag in tags.Assignments.GroupBy(given => given.Tag))
        {
            var ended = tag.Where(which).ToList();
            for (var i = 0; i < ended.Count; i++)
                events.Add(i == tag.Count() - 1 ? new TagRemoved(ended[i], reason, at) : new AssignmentEnded(ended[i], reason, at));
        }

        return events;
    }

    /// <summary>Taken away by hand or by file: whatever people, files and channels gave.</summary>
    public static Decision Take(CustomerTags tags, string tag, string by, string reason, DateTimeOffset at)
    {
        var events = End(tags, given => given.Tag == tag && given.IsOwn, With($"taken away by {by}", reason), at);
        return events.Count == 0 && tags.Assignments.FirstOrDefault(given => given.Tag == tag) is { } rule
            ? new GivenByRule(tag, rule.Giver == Giver.Tier ? "The loyalty programme" : $"The rule {rule.By}")
            : Decision.Of(events);
    }

    /// <summary>What has come to its end. An assignment that was given again meanwhile, for longer, stays.</summary>
    public static Decision Expire(CustomerTags tags, DateTimeOffset now) => Decision.Of(
        [.. tags.Assignments.Where(given => given.Until <= now).GroupBy(given => given.Until!.Value).OrderBy(group => group.Key)
            .Aggregate((Tags: tags, Events: new List<DomainEvent>()), (sum, due) =>
            {
                var ended = End(sum.Tags, given => given.Until == due.Key, "it had come to its end", due.Key);
                sum.Events.AddRange(ended);
                return (ended.Aggregate(sum.Tags, CustomerTags.Evolve), sum.Events);
            }).Events]);

    public static Decision Erase(CustomerTags tags, DateTimeOffset at) =>
        Decision.Of([.. End(tags, _ => true, "the customer was erased", at), new TagsErased()]);

    public static IEnumerable<TimerChange> Timers(RecordedEvent recorded) => recorded.Event switch
    {
        TagAdded added => Timer(added.Assignment),
        TagConfirmed confirmed => Timer(confirmed.Assignment),
        _ => [],
    };

    private static string With(string what, string reason) => reason.Length == 0 ? what : $"{what}: {reason}";

    private static bool IsSame(Assignment known, Assignment next) =>
        known.By == next.By && known.Version == next.Version && known.Until == next.Until && (known.Giver == Giver.Channel || known.Reason == next.Reason);

    // One that ends otherwise leaves its timer, which then finds nothing.
    private static IEnumerable<TimerChange> Timer(Assignment given) =>
        given.Until is { } until ? [TimerChange.Set($"{given.Giver}/{given.Origin}/{given.Tag}", until)] : [];
}
