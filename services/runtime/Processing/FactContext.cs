using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>What surrounds a consumed fact.</summary>
/// <param name="Customer">The record's key.</param>
/// <param name="Envelope">Its CloudEvents attributes; <see cref="Envelope.Time"/> is the business time at which its producer decided.</param>
/// <param name="Partition">The customer's partition: the same number in every topic and store.</param>
/// <param name="Metadata">For the commands that follow from the fact: trace, backfill mark, and the positions seen so far.</param>
public sealed record FactContext(Guid Customer, string Topic, int Partition, long Offset, Envelope Envelope, EventMetadata Metadata)
{
    /// <summary>For <see cref="Subscription.Follow"/>: the record's key is merged into another customer.</summary>
    /// <exception cref="FormatException">A text is no UUID.</exception>
    public LinkChange MergedInto(string other, string link, long version) => Linked(other, link, version, isMerge: true);

    /// <summary>The record's key stands on its own again.</summary>
    /// <inheritdoc cref="MergedInto"/>
    public LinkChange SplitFrom(string other, string link, long version) => Linked(other, link, version, isMerge: false);

    private LinkChange Linked(string other, string link, long version, bool isMerge) =>
        new(Customer, Guid.ParseExact(other, "D"), Guid.ParseExact(link, "D"), version, isMerge, Envelope.Time);
}
