using Patron.Runtime.EventStore;

namespace Patron.Tagging;

/// <summary>A linked customer's own counters stand in the stream from here on, and no longer in the table.</summary>
[EventName("tagging.counters-taken.v1")]
internal sealed record CountersTaken(CustomerActivity Activity) : DomainEvent;

/// <summary>A receipt of a linked customer. Of others nothing is written unless tags change.</summary>
/// <param name="Origin">Whose identifier was used, where that customer is merged into this one; otherwise null.</param>
[EventName("tagging.receipt-counted.v1")]
internal sealed record ReceiptCounted(Guid? Origin, CustomerActivity Activity) : DomainEvent;

/// <summary>The customer is the same person as another, whose tags count from now on.</summary>
/// <param name="Kept">What was held until then, with its provenance.</param>
[EventName("tagging.tags-handed-over.v1")]
internal sealed record TagsHandedOver(Guid Into, Guid Link, long Version, IReadOnlyList<HeldTag> Kept) : DomainEvent;

[EventName("tagging.counters-joined.v1")]
internal sealed record CountersJoined(Guid Customer, Guid Link, long Version, IReadOnlyList<Counters> Counters) : DomainEvent;

[EventName("tagging.counters-given-back.v1")]
internal sealed record CountersGivenBack(Guid Customer, Guid Link, long Version, IReadOnlyList<Guid> Origins) : DomainEvent;

[EventName("tagging.tags-reopened.v1")]
internal sealed record TagsReopened(Guid From, Guid Link, long Version, IReadOnlyList<Counters> Counters) : DomainEvent;

/// <summary>What was counted of one origin; null is the stream's own customer.</summary>
internal sealed record Counters(Guid? Origin, CustomerActivity Activity);

/// <summary>
/// Two customers are one person, or are not after all. A linked customer's counters are events, each with its origin, so that whoever decides
/// has them under the stream's lock. The reader of the one customer hands theirs over; the other's own are in the memory of whoever reads
/// that one, who adds them on Absorbed. Tags are evaluated as soon as both are there, in whichever order that is.
/// </summary>
internal sealed class MergeTags(TagRules rules, ActivityMemory memory)
{
    private readonly HashSet<string> ruleNames = [.. rules.All.Select(rule => rule.Name)];

    public HandoverRules Rules => new(
        handover => CustomerTags.Kind.Handover(
            handover.Customer, handover.Root, (from, into) => Join(from, into, handover), from => HandOver(from, handover)),
        handover => CustomerTags.Kind.Handover(
            handover.Root, handover.Customer, (from, opened) => Reopen(from, opened, handover), from => GiveBack(from, handover)));

    /// <summary>The customer has absorbed another one: their own counters join what that one's reader hands over.</summary>
    public Decision Take(CustomerTags tags, CustomerActivity own, DateTimeOffset at) =>
        tags.OwnTaken ? Decision.Nothing : Then(tags, new CountersTaken(own), at);

    public Decision Count(CustomerTags tags, Guid? origin, CustomerActivity receipt, DateTimeOffset at) => Then(tags, new ReceiptCounted(origin, receipt), at);

    private Decision Join(CustomerTags from, CustomerTags into, Handover handover)
    {
        var own = from.OwnTaken ? CustomerActivity.None : memory.Find(handover.Customer);
        var counters = from.Counted.Append(new Counters(null, own)).GroupBy(
            counted => counted.Origin ?? handover.Customer, (origin, counted) => new Counters(Seen(origin, handover.Root), Sum(counted)));
        return Then(into, new CountersJoined(handover.Customer, handover.Link, handover.Version, [.. counters]), handover.At);
    }

    private static Decision HandOver(CustomerTags from, Handover handover) => Decision.Of(
    [
        .. from.Held.Select(held => new TagRemoved(
            held.Tag, held.Rule, held.RuleVersion, "the customer is the same person as another, whose tags count", handover.At)),
        new TagsHandedOver(handover.Root, handover.Link, handover.Version, from.Held),
    ]);

    private Decision GiveBack(CustomerTags from, Handover handover) => from.Counted.Any(counted => Goes(counted, handover))
        ? Then(from, new CountersGivenBack(handover.Customer, handover.Link, handover.Version, [.. handover.Origins.Order()]), handover.At)
        : Decision.Nothing;

    private Decision Reopen(CustomerTags from, CustomerTags opened, Handover handover)
    {
        var counters = from.Counted.Where(counted => Goes(counted, handover))
            .Select(counted => counted with { Origin = Seen(counted.Origin!.Value, handover.Customer) });
        var reopened = Then(opened, new TagsReopened(handover.Root, handover.Link, handover.Version, [.. counters]), handover.At);

        // Tags that no rule over purchases gives come back as they were, until whoever gave them says otherwise.
        var others = (opened.Kept ?? []).Where(held => !ruleNames.Contains(held.Rule)).Select(Again);
        return Decision.Of([.. reopened.Events, .. others]);
    }

    /// <summary>The event, and what it changes of the tags; one that was held before the merge has its old provenance.</summary>
    private Decision Then(CustomerTags tags, DomainEvent happened, DateTimeOffset at)
    {
        var after = CustomerTags.Evolve(tags, happened);
        if (!after.OwnTaken)
            return happened;
        var changes = RetagCustomer.Decide(after, ruleNames, rules.Evaluate(Sum(after.Counted)), at).Events;
        return Decision.Of([happened, .. changes.Select(change => Remembered(tags, happened, change))]);
    }

    private static DomainEvent Remembered(CustomerTags before, DomainEvent cause, DomainEvent change) =>
        cause is CountersGivenBack or TagsReopened && change is TagAdded added && before.Kept?.FirstOrDefault(held => held.Tag == added.Tag) is { } held
            ? Again(held)
            : change;

    private static TagAdded Again(HeldTag held) => new(held.Tag, held.Rule, held.RuleVersion, held.Reason, held.Since);

    private static CustomerActivity Sum(IEnumerable<Counters> counted) =>
        counted.Aggregate(CustomerActivity.None, (sum, of) => sum.Plus(of.Activity));

    private static bool Goes(Counters counted, Handover handover) => counted.Origin is { } origin && handover.Origins.Contains(origin);

    private static Guid? Seen(Guid origin, Guid receiver) => origin == receiver ? null : origin;
}
