using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Journey;

/// <summary>How the journey service tells a customer's story, and what it counts.</summary>
internal static class Story
{
    public static TimelineEntry Tell(RecordedEvent recorded) => recorded.Event switch
    {
        Entered e => Line(recorded, $"Entered the journey {e.Journey}", e.Reason),
        Waiting e => Line(recorded, $"Waits at {e.Step} until {e.Until:yyyy-MM-dd HH:mm} UTC", e.Reason),
        WaitEnded e => Line(recorded, $"Went on from {e.Step}", e.Reason),
        SendRequested e => Line(recorded, $"Asked for the {e.Channel} {e.Template}", e.Reason),
        Left e => Line(recorded, $"Left the journey {e.Journey}: {e.Outcome}", e.Reason),
        JourneysHandedOver e => Line(recorded, $"{e.Instances.Count} running journeys go on for the same person", $"Merged into customer {e.Into:D}"),
        JourneysJoined e => Line(recorded, $"{e.Instances.Count} running journeys go on here", $"Customer {e.Customer:D} is the same person"),
        JourneysGivenBack e => Line(
            recorded, $"{e.Instances.Count} running journeys went back", $"Customer {e.Customer:D} is another person after all"),
        JourneysReopened e => Line(recorded, $"{e.Instances.Count} running journeys came back", $"Not the same person as customer {e.From:D}"),
        Suspended e => Line(recorded, $"The journey {e.Journey} rests", e.Reason),
        Resumed e => Line(recorded, $"The journey {e.Journey} goes on", e.Reason),
        _ => throw new System.Diagnostics.UnreachableException($"{recorded.Event.GetType().Name} has no line."),
    };

    public static IEnumerable<Figure> Count(RecordedEvent recorded) => recorded.Event switch
    {
        Entered e => [new Figure("journeys entered", 1), new Figure($"in {e.Journey} now", 1)],
        Waiting => [new Figure("journey steps", 1)],
        SendRequested => [new Figure("journey steps", 1), new Figure("sends requested", 1)],
        Left e => [new Figure($"journeys left: {e.Outcome}", 1), new Figure($"in {e.Journey} now", -1)],
        _ => [],
    };

    private static TimelineEntry Line(RecordedEvent recorded, string what, string why) => new(recorded.Time, "journey", what, why);
}
