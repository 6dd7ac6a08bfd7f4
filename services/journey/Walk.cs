using System.Diagnostics;

namespace Patron.Journey;

/// <summary>Takes an instance through its steps until it waits or ends. Pure.</summary>
internal static class Walk
{
    public static IEnumerable<JourneyEvent> From(Instance instance, int first, DateTimeOffset now)
    {
        var journey = Journeys.Of(instance.Journey, instance.Version);
        for (var i = first; i < journey.Steps.Count; i++)
        {
            switch (journey.Steps[i])
            {
                case Step.Wait wait:
                    yield return new Waiting(instance.Id, journey.Name, wait.Name, now + wait.For, false, $"waits {Days(wait.For)}");
                    yield break;
                case Step.AwaitPurchase wait:
                    yield return new Waiting(instance.Id, journey.Name, wait.Name, now + wait.Within, true, $"waits up to {Days(wait.Within)} for a purchase");
                    yield break;
                case Step.Send send:
                    yield return new SendRequested(
                        instance.Id, journey.Name, send.Name, EnterJourney.Derived(instance.Id, send.Name), send.Channel, send.Purpose, send.Template,
                        instance.Data, now + send.UsefulFor, $"step {i + 1} of {journey.Steps.Count} of {journey.Name} v{journey.Version}");
                    break;
                default:
                    throw new UnreachableException($"Unknown step {journey.Steps[i].GetType().Name}.");
            }
        }

        yield return new Left(instance.Id, journey.Name, "completed", "all steps were taken");
    }

    private static string Days(TimeSpan time) => time.TotalDays == 1 ? "1 day" : $"{time.TotalDays:0} days";
}
