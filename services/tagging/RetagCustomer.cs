using Patron.Runtime.EventStore;

namespace Patron.Tagging;

/// <summary>Brings a customer's tags in line with what rules want: a pure difference, so that deciding again changes nothing.</summary>
internal static class RetagCustomer
{
    /// <param name="rules">The names of the rules that were evaluated; tags of other rules stay as they are.</param>
    /// <param name="at">Time of the fact that led to it.</param>
    public static Decision Decide(CustomerTags tags, IReadOnlySet<string> rules, IReadOnlyList<WantedTag> wanted, DateTimeOffset at)
    {
        var events = new List<DomainEvent>();
        foreach (var held in tags.Held.Where(held => rules.Contains(held.Rule) && wanted.All(tag => tag.Tag != held.Tag)))
            events.Add(new TagRemoved(held.Tag, held.Rule, held.RuleVersion, WhyRemoved(held, wanted), at));
        foreach (var tag in wanted.Where(tag => !tags.Has(tag.Tag)))
            events.Add(new TagAdded(tag.Tag, tag.Rule, tag.RuleVersion, tag.Reason, at));
        return Decision.Of(events);
    }

    /// <summary>Somebody who was erased holds no tags.</summary>
    public static Decision Erase(CustomerTags tags, DateTimeOffset at) =>
        Decision.Of([.. tags.Held.Select(held => new TagRemoved(held.Tag, held.Rule, held.RuleVersion, "the customer was erased", at))]);

    private static string WhyRemoved(HeldTag held, IReadOnlyList<WantedTag> wanted)
    {
        var branch = Taxonomy.BranchOf(held.Tag);
        var successor = Taxonomy.IsSingleChoice(branch) ? wanted.FirstOrDefault(tag => Taxonomy.BranchOf(tag.Tag) == branch) : null;
        return successor is null
            ? $"the rule {held.Rule} no longer holds"
            : $"replaced by {successor.Tag}: {successor.Reason}";
    }
}
