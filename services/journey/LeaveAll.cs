using Patron.Runtime.EventStore;

namespace Patron.Journey;

/// <summary>The customer was erased: every journey ends where it is, and what it waited for with it.</summary>
internal static class LeaveAll
{
    private const string Reason = "the customer was erased";

    public static Decision Erased(Traveller traveller) => Decision.Of([.. traveller.Running.SelectMany(Leave)]);

    private static IEnumerable<JourneyEvent> Leave(Instance instance)
    {
        if (instance.WaitingAt is { } step)
            yield return new WaitEnded(instance.Id, instance.Journey, step, Reason);
        yield return new Left(instance.Id, instance.Journey, "exit", Reason);
    }
}
