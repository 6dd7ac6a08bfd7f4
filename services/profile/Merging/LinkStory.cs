using System.Diagnostics;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>Merges and unmerges in a customer's story, and whose events belong to it.</summary>
internal static class LinkStory
{
    /// <summary>The events of the customer and of everybody merged into them, in the order of time.</summary>
    public static async Task<IReadOnlyList<RecordedEvent>> ReadAsync(
        Guid customer, ServiceRuntime profile, Identities identities, CancellationToken cancellation)
    {
        var root = (await identities.RootsAsync([customer], cancellation)).GetValueOrDefault(customer, customer);
        var events = await profile.ReadCustomerAsync(root, cancellation);
        var merged = CustomerProfile.Kind.Fold(events.Where(e => e.Stream == root).Select(e => e.Event)).LinksOrNone.Nodes().ToList();
        if (merged.Count == 0)
            return events;
        var all = events.ToList();
        foreach (var node in merged)
            all.AddRange(await profile.ReadCustomerAsync(node, cancellation));
        return [.. all.OrderBy(e => e.Time)];
    }

    public static TimelineEntry Tell(LinkEvent happened, DateTimeOffset time) => happened switch
    {
        CustomerMergedAway merged => Story.Entry(
            time, $"Was merged into customer {merged.Into:D}", $"{Why(merged.Cause, merged.Who)}; link {merged.Link:D}."),
        CustomerAbsorbed absorbed => Story.Entry(
            time, $"Took in customer {absorbed.Customer:D}",
            $"They are one person; {absorbed.Identifiers.Count} identifiers and {absorbed.Taken.Count} details came along."),
        CustomerSplitOff split => Story.Entry(time, $"Was parted from customer {split.From:D}", $"{split.Who} undid link {split.Link:D}."),
        CustomerGaveBack gave => Story.Entry(time, $"Gave back customer {gave.Customer:D}", $"Link {gave.Link:D} was undone."),
        CustomersKeptApart apart => Story.Entry(time, $"Is kept apart from customer {apart.Other:D}", $"{apart.Who} decided that they are two."),
        ConsentMoved { Consent: var moved } => Story.Entry(
            time, $"{moved.Purpose} by {moved.Channel} is {ViewConsents.Word(moved.Status)}",
            $"That counts since customers were merged or parted; version {moved.Version} of the customer's consents."),
        TellingSetAside aside => Story.Entry(
            time, "Was told about by one of the merged customers", $"{aside.Source} told what another of them knew better; it counts if they are parted."),
        ConsentForgotten forgotten => Story.Entry(
            forgotten.ChangedAt, $"Has never decided on {forgotten.Purpose} by {forgotten.Channel}",
            $"The decision belonged to a customer who was parted; version {forgotten.Version} of the customer's consents."),
        _ => throw new UnreachableException($"{happened.GetType().Name} has no words."),
    };

    private static string Why(LinkCause cause, string who) => cause switch
    {
        LinkCause.Decision => $"{who} decided that they are one person",
        LinkCause.Identifiers => "One event named both by sure identifiers",
        LinkCause.Device => "The device was named together with somebody who is known",
        _ => throw new UnreachableException($"{cause} has no words."),
    };
}
