using System.Diagnostics;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Tagging;

/// <summary>The tags of a customer with their provenance. A customer without tags, or unknown here, has none.</summary>
internal sealed record CustomerTagsAnswer(Guid Customer, IReadOnlyList<HeldTag> Tags);

/// <summary>The tree, and which rule assigns which of its tags.</summary>
internal sealed record TaxonomyAnswer(IReadOnlyList<TaxonomyNode> Branches, IReadOnlyList<RuleAnswer> Rules);

internal sealed record RuleAnswer(string Name, int Version, string Tag, string Sentence);

/// <summary>What people and other services ask about tags.</summary>
internal static class ReadTags
{
    public static async Task<CustomerTagsAnswer> TagsAsync(ServiceRuntime service, Guid customer, CancellationToken cancellation)
    {
        customer = await service.RootAsync(customer, cancellation);
        var state = await service.StateAsync(CustomerTags.Kind, customer, cancellation) ?? CustomerTags.None;
        return new CustomerTagsAnswer(customer, [.. state.Held.OrderBy(held => held.Tag, StringComparer.Ordinal)]);
    }

    public static TaxonomyAnswer Taxonomy(TagRules rules) => new(
        Tagging.Taxonomy.Roots, [.. rules.All.Select(rule => new RuleAnswer(rule.Name, rule.Version, rule.Tag, rule.Sentence))]);

    public static async Task<IReadOnlyList<TimelineEntry>> TimelineAsync(ServiceRuntime service, Guid customer, CancellationToken cancellation) =>
        [.. (await service.ReadCustomerAsync(customer, cancellation)).Select(Line).OfType<TimelineEntry>()];

    public static TimelineEntry? Line(RecordedEvent recorded) => recorded.Event switch
    {
        TagAdded added => new(added.Since, Module.Name, $"Tagged {added.Tag}", $"{added.Reason} (rule {added.Rule}, version {added.RuleVersion})"),
        TagRemoved removed => new(removed.Until, Module.Name, $"Tag {removed.Tag} removed", removed.Reason),
        CountersTaken or ReceiptCounted => null,
        TagsHandedOver over => Tell(recorded, "Tags count for the same person", $"Merged into customer {over.Into:D}"),
        CountersJoined joined => Tell(recorded, "Purchases of the same person count too", $"Customer {joined.Customer:D} is the same person"),
        CountersGivenBack given => Tell(recorded, "Purchases of another person count no longer", $"Customer {given.Customer:D} is another person after all"),
        TagsReopened reopened => Tell(recorded, "Tags are the customer's own again", $"Not the same person as customer {reopened.From:D}"),
        _ => throw new UnreachableException($"The timeline does not know {recorded.Event.GetType().Name}."),
    };

    private static TimelineEntry Tell(RecordedEvent recorded, string what, string why) => new(recorded.Time, Module.Name, what, why);
}
