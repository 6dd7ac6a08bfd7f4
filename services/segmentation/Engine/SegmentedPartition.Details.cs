using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventStore;

namespace Patron.Segmentation;

/// <summary>A customer's sealed details, until their key is there.</summary>
internal sealed record WaitingDetails(Guid Customer, CustomerState State, EventMetadata Metadata);

/// <summary>
/// Details come sealed, and keys take a question to profile; so they wait, at most the latest state of each customer, and until they are opened no
/// rule that needs them says anything of the customer.
/// </summary>
internal sealed partial class SegmentedPartition
{
    private readonly Dictionary<int, WaitingDetails> waiting = [];
    private volatile int waitingCount;

    /// <summary>Customers whose details are yet to be opened.</summary>
    public int WaitingCount => waitingCount;

    /// <summary>Takes a state in the place of an earlier one.</summary>
    public FactOutcome Await(WaitingDetails details, DateTimeOffset time)
    {
        lock (guard)
        {
            columns.AdvanceTo(time);
            var touched = columns.Find(details.Customer) is null ? Needs.All : Needs.None;
            var row = columns.RowOf(details.Customer);
            if (!columns.IsErased(row))
                waiting[row] = details;
            waitingCount = waiting.Count;
            return new FactOutcome(row, IsNew: true, touched);
        }
    }

    /// <summary>Some that wait; they do until they are opened.</summary>
    public IReadOnlyList<WaitingDetails> Waiting(int most)
    {
        lock (guard)
            return [.. waiting.Values.Take(most)];
    }

    /// <summary>
    /// Takes the attributes of a state that still waits, and answers whether a command for the customer is worth issuing. A state that a later
    /// one replaced, or of somebody who was erased, changes nothing.
    /// </summary>
    public bool Open(WaitingDetails details, IReadOnlyDictionary<string, string> attributes)
    {
        lock (guard)
        {
            if (columns.Find(details.Customer) is not { } row || waiting.GetValueOrDefault(row) != details)
                return false;
            waiting.Remove(row);
            waitingCount = waiting.Count;
            columns.Attributes.Replace(row, attributes);
            return Differs(new FactOutcome(row, IsNew: true, Needs.Attributes));
        }
    }

    /// <summary>The customer was erased: their values are gone, and what the log still tells of them changes nothing.</summary>
    public void Erase(Guid customer)
    {
        lock (guard)
        {
            var row = columns.RowOf(customer);
            columns.Erase(row);
            waiting.Remove(row);
            waitingCount = waiting.Count;
            LeaveAll(row);
        }
    }

    /// <summary>Another version of scores is in force. Answers whether a segment depends on it.</summary>
    public bool Rescore()
    {
        lock (guard)
            return segments.Redefine(Needs.Cuts | Needs.Predictions) && columns.Count > 0;
    }

    private Needs MissingOf(int row) =>
        (waiting.ContainsKey(row) ? Needs.Attributes : Needs.None) | (columns.Predictions.AreMade ? Needs.None : Needs.Predictions);

    private Needs MissingOf(Guid customer) => columns.Find(customer) is { } row ? MissingOf(row) : Needs.None;
}
