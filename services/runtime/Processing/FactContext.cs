using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>What surrounds a consumed fact.</summary>
/// <param name="Customer">The record's key.</param>
/// <param name="Envelope">Its CloudEvents attributes; <see cref="Envelope.Time"/> is the business time at which its producer decided.</param>
/// <param name="Partition">The customer's partition: the same number in every topic and store.</param>
/// <param name="Metadata">For the commands that follow from the fact: trace, backfill mark, and the positions seen so far.</param>
public sealed record FactContext(Guid Customer, string Topic, int Partition, long Offset, Envelope Envelope, EventMetadata Metadata);
