namespace Patron.Runtime.Hosting;

/// <summary>What business time waits for in a process: something that works off facts and timers. Each service is one.</summary>
public interface IBusinessWork
{
    /// <summary>What is done and what is left, as far as this process knows. Cheap: asked hundreds of times a second.</summary>
    WorkState Look();

    /// <summary>Looks into the store for timers that other instances may have set.</summary>
    void LookAgain();

    /// <summary>While held, no timer fires: so that every process has the new time before any of them acts on it.</summary>
    void HoldTimers(bool held);
}

/// <summary>
/// The work of one instance of a service. Arrays are indexed by partition. A record that one process has published and another one has not
/// read shows in neither of them alone: it is an end in the one above a place in the other.
/// </summary>
/// <param name="Service">Its name, such as <c>loyalty</c>; several instances of a service share it.</param>
/// <param name="Idle">Nothing of what this instance knows is under way or waiting.</param>
/// <param name="CaughtUp">Besides, every view shows what was decided.</param>
/// <param name="Troubles">Why the work will never be done, a sentence each.</param>
/// <param name="NextDue">The earliest timer of the owned partitions, in business time; null when none is set.</param>
/// <param name="Activity">Grows with every commit.</param>
/// <param name="Committed">The last position that this instance committed; 0 for none.</param>
/// <param name="Published">The last position published to the log; −1 where another instance owns the partition.</param>
/// <param name="Ends">By topic: the end offsets that this process knows; 0 for an empty or unknown one.</param>
/// <param name="Places">By subscribed topic: the first offset not yet applied; −1 where another instance owns the partition.</param>
public sealed record WorkState(
    string Service,
    bool Idle,
    bool CaughtUp,
    IReadOnlyList<string> Troubles,
    DateTimeOffset? NextDue,
    long Activity,
    IReadOnlyList<long> Committed,
    IReadOnlyList<long> Published,
    IReadOnlyDictionary<string, IReadOnlyList<long>> Ends,
    IReadOnlyDictionary<string, IReadOnlyList<long>> Places);
