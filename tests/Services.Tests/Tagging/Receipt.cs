using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Services.Tests.Tagging;

/// <summary>Facts of the profile topic as the tests of several services make them.</summary>
internal static class Receipt
{
    public static PurchaseRecorded Of(DateTimeOffset occurredAt, Channel channel, params IReadOnlyList<Line> lines) => new()
    {
        PurchaseId = "0",
        Channel = channel,
        OccurredAt = occurredAt.ToTimestamp(),
        Currency = "GBP",
        Lines = { lines },
    };

    public static Line Sale(long amount) => new() { Product = "22423", Kind = LineKind.Sale, Quantity = 1, AmountMinor = amount };

    public static Line Return(long amount) => new() { Product = "22423", Kind = LineKind.Return, Quantity = 1, AmountMinor = amount };

    public static Line Fee(long amount) => new() { Product = "POST", Kind = LineKind.Fee, Quantity = 1, AmountMinor = amount };

    public static FactContext Context(Guid customer, IMessage fact, long position, DateTimeOffset time, int partition = 0) => new(
        customer, "topic", partition, position - 1,
        new Envelope
        {
            Id = $"{partition}-{position}",
            Source = "/patron/test",
            Type = fact.Descriptor.FullName,
            Time = time,
            StoreEpoch = Guid.Empty,
            Position = position,
            Previous = position - 1,
        },
        EventMetadata.None);

    public static ConsumedFact Consumed(Guid customer, IMessage fact, long position, DateTimeOffset time, int partition = 0) =>
        new(Context(customer, fact, position, time, partition), fact.ToByteArray());
}
