using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Segmentation;

/// <summary>Sealed details of customers: taken with the facts, opened later.</summary>
internal sealed partial class SegmentEngine
{
    /// <summary>Called when details of an owned partition wait to be opened. Cheap.</summary>
    public Action DetailsWait { get; set; } = () => { };

    /// <summary>The details of somebody changed; what follows from them comes when they are opened.</summary>
    public IReadOnlyList<Command> Await(FactContext context, CustomerState state)
    {
        var partition = Owned(context.Partition);
        var fact = partition.Await(new(context.Customer, state, context.Metadata), context.Envelope.Time);
        DetailsWait();
        return Following(context, partition, fact);
    }

    /// <summary>Of these partitions, those in which details wait.</summary>
    public IEnumerable<SegmentedPartition> Waiting(IEnumerable<int> numbers) => Loaded(numbers).Where(partition => partition.WaitingCount > 0);

    /// <summary>Details wait in some partition, owned or not.</summary>
    public bool AnyWaiting => partitions.Values.Any(partition => partition.WaitingCount > 0);

    /// <summary>Brings the memberships of a customer in line whose details were opened.</summary>
    /// <param name="owns">Asked when it is decided: whoever reads the partition by then knows more.</param>
    public Command ChangeOf(WaitingDetails opened, Func<bool> owns) =>
        ChangeOf(opened.Customer, opened.Metadata.Backfill, owns);
}
