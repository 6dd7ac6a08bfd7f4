using Patron.Runtime.EventStore;

namespace Patron.Tagging;

/// <summary>The customer is the same person as another, whose tags count from now on.</summary>
/// <param name="Kept">What was held until then, with its provenance.</param>
[EventName("tagging.tags-handed-over.v2")]
internal sealed record TagsHandedOver(Guid Into, Guid Link, long Version, IReadOnlyList<Assignment> Kept) : DomainEvent;

/// <summary>An assignment rests while two customers are one, because a newer one of the other excludes it.</summary>
/// <param name="Because">The merged customer: it comes back when they stand on their own again.</param>
[EventName("tagging.assignment-set-aside.v1")]
internal sealed record AssignmentSetAside(Assignment Assignment, Guid Because) : DomainEvent;

/// <summary>A customer who was merged into this one took along what is theirs.</summary>
[EventName("tagging.tags-given-back.v1")]
internal sealed record TagsGivenBack(Guid Customer, Guid Link, long Version, IReadOnlyList<Guid> Origins) : DomainEvent;

/// <summary>The customer stands on their own again.</summary>
[EventName("tagging.tags-reopened.v2")]
internal sealed record TagsReopened(Guid From, Guid Link, long Version) : DomainEvent;

/// <summary>
/// Two customers are one person, or are not after all. What people, files and channels gave to either is the person's; in a single-choice branch
/// the newest counts, and the others rest until the merge is undone. What rules and the programme give, these say anew of whom they know.
/// </summary>
/// <param name="taxonomy">As it is at the moment of a decision.</param>
internal sealed class MergeTags(Func<Taxonomy> taxonomy)
{
    private const string SamePerson = "the customer is the same person as another, whose tags count";
    private const string AnotherPerson = "it belongs to a customer who is another person after all";

    public HandoverRules Rules => new(
        handover => CustomerTags.Kind.Handover(
            handover.Customer, handover.Root, (from, into) => Join(from, into, handover), from => HandOver(from, handover)),
        handover => CustomerTags.Kind.Handover(
            handover.Root, handover.Customer, (from, opened) => Reopen(from, opened, handover), from => GiveBack(from, handover)));

    internal Decision Join(CustomerTags from, CustomerTags into, Handover handover)
    {
        var (state, events) = (into, new List<DomainEvent>());
        void Add(params IEnumerable<DomainEvent> more)
        {
            foreach (var happened in more)
            {
                events.Add(happened);
                state = CustomerTags.Evolve(state, happened);
            }
        }

        foreach (var aside in from.Aside)
            Add(aside with { Assignment = Of(aside.Assignment, handover.Customer) });
        foreach (var given in from.Assignments.Where(given => given.IsOwn).OrderBy(given => given.GivenAt))
        {
            var coming = Of(given, handover.Customer);
            var excluded = taxonomy().Rivals(given.Tag);
            var rivals = state.Assignments.Where(known => excluded.Contains(known.Tag)).ToList();
            if (rivals.Exists(known => !known.IsOwn || known.GivenAt > given.GivenAt))
            {
                Add(new AssignmentSetAside(coming, handover.Customer));
                continue;
            }

            Add(rivals.Select(known => new AssignmentSetAside(known, handover.Customer)));
            Add(AssignTag.End(state, rivals.Contains, $"customer {handover.Customer:D} is the same person and holds {given.Tag} since later", handover.At));
            Add(state.Has(coming.Tag) ? new TagConfirmed(coming) : new TagAdded(coming));
        }

        return Decision.Of(events);
    }

    internal static Decision HandOver(CustomerTags from, Handover handover) => Decision.Of(
    [
        .. AssignTag.End(from, _ => true, SamePerson, handover.At),
        new TagsHandedOver(handover.Root, handover.Link, handover.Version, from.Assignments),
    ]);

    internal Decision GiveBack(CustomerTags from, Handover handover)
    {
        var events = AssignTag.End(from, given => Goes(given, handover), AnotherPerson, handover.At).ToList();
        var left = events.Aggregate(from, CustomerTags.Evolve);
        var back = from.Aside.Where(aside => handover.Origins.Contains(aside.Because) && !Goes(aside.Assignment, handover));
        events.AddRange(Return(left, back.Select(aside => aside.Assignment), handover.At));
        events.Add(new TagsGivenBack(handover.Customer, handover.Link, handover.Version, [.. handover.Origins.Order()]));
        return Decision.Of(events);
    }

    internal Decision Reopen(CustomerTags from, CustomerTags opened, Handover handover)
    {
        var events = new List<DomainEvent> { new TagsReopened(handover.Root, handover.Link, handover.Version) };
        var theirs = from.Aside.Where(aside => Goes(aside.Assignment, handover)).ToList();

        // Aside because of a customer who goes along and stays merged: it still rests.
        var (resting, back) = (theirs.Where(Rests).ToList(), theirs.Where(aside => !Rests(aside)));
        events.AddRange(resting.Select(aside => aside with { Assignment = Seen(aside.Assignment, handover.Customer) }));
        var tiers = (opened.Kept ?? []).Where(given => given.Giver == Giver.Tier);
        var returned = from.Assignments.Where(given => Goes(given, handover)).Concat(back.Select(aside => aside.Assignment));
        events.AddRange(Return(CustomerTags.None, tiers.Concat(returned.Select(given => Seen(given, handover.Customer))), handover.At));
        return Decision.Of(events);

        bool Rests(AssignmentSetAside aside) => aside.Because != handover.Customer && handover.Origins.Contains(aside.Because);
    }

    /// <summary>Assignments that come back, with the provenance that they had: the newest of a single-choice branch, and none that has ended.</summary>
    private List<DomainEvent> Return(CustomerTags tags, IEnumerable<Assignment> back, DateTimeOffset at)
    {
        var events = new List<DomainEvent>();
        foreach (var given in back.Where(given => given.Until is null || given.Until > at).OrderByDescending(given => given.GivenAt))
        {
            var excluded = taxonomy().Rivals(given.Tag);
            if (tags.Assignments.Any(known => excluded.Contains(known.Tag)))
                continue;
            DomainEvent happened = tags.Has(given.Tag) ? new TagConfirmed(given) : new TagAdded(given);
            events.Add(happened);
            tags = CustomerTags.Evolve(tags, happened);
        }

        return events;
    }

    private static bool Goes(Assignment given, Handover handover) => given.Origin is { } origin && handover.Origins.Contains(origin);

    private static Assignment Of(Assignment given, Guid customer) => given with { Origin = given.Origin ?? customer };

    private static Assignment Seen(Assignment given, Guid receiver) => given.Origin == receiver ? given with { Origin = null } : given;
}
