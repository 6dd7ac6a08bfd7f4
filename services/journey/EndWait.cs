using Patron.Runtime.EventStore;

namespace Patron.Journey;

/// <summary>A wait ends: by its time, or by the purchase that it was for, which is the journey's goal.</summary>
internal static class EndWait
{
    public static Decision TimeCame(Traveller traveller, Guid instance, DateTimeOffset now)
    {
        if (traveller.Running.FirstOrDefault(i => i.Id == instance) is not { Suspended: false, WaitingAt: { } step } waiting)
            return Decision.Nothing;
        var reason = waiting.ForPurchase ? "no purchase in time" : "the wait is over";
        var next = Journeys.Of(waiting.Journey, waiting.Version).IndexOf(step) + 1;
        return Decision.Of([new WaitEnded(instance, waiting.Journey, step, reason), .. Walk.From(waiting, next, now)]);
    }

    /// <summary>Instances that wait for a purchase made after they began end at their goal; one that rests only by a purchase of its origin.</summary>
    public static IEnumerable<JourneyEvent> Purchased(Traveller traveller, Guid? origin, DateTimeOffset occurredAt, string receipt)
    {
        foreach (var instance in traveller.Running.Where(i => i.ForPurchase && occurredAt > i.Since && (!i.Suspended || i.Origin == origin)))
        {
            yield return new WaitEnded(instance.Id, instance.Journey, instance.WaitingAt!, $"purchase {receipt}");
            yield return new Left(instance.Id, instance.Journey, "goal", $"purchase {receipt} was what it waited for");
        }
    }
}
