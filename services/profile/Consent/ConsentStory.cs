using System.Diagnostics;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>Consents and weighed attributes in a customer's story.</summary>
internal static class ConsentStory
{
    public static TimelineEntry Tell(RecordedEvent recorded) => recorded.Event switch
    {
        OptInRequested asked => Story.Entry(
            asked.DecidedAt, $"Was asked to confirm {asked.Purpose} by {asked.Channel}",
            $"{asked.Source} showed the wording '{asked.Wording}'; it counts when it is confirmed by {asked.ExpiresAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC."),
        ConsentExpired expired => Story.Entry(
            expired.ExpiredAt, $"No longer allows {expired.Purpose} by {expired.Channel}",
            $"The time for it was over; version {expired.Version} of the customer's consents."),
        DetailsWeighed weighed => Story.Entry(recorded.Time, "Was told about again", $"{weighed.Source} told nothing that became a new value{Why(weighed)}."),
        _ => throw new UnreachableException($"{recorded.Event.GetType().Name} has no words."),
    };

    private static string Why(DetailsWeighed weighed) =>
        weighed.Notes.Count == 0 ? "" : $": {string.Join(", ", weighed.Notes.Select(n => $"{n.Key.Replace('_', ' ')} ({Word(n.Outcome)})"))}";

    private static string Word(AttributeOutcome outcome) => outcome switch
    {
        AttributeOutcome.Older => "something newer is known",
        AttributeOutcome.LowerPriority => "another source goes before",
        AttributeOutcome.TieLost or AttributeOutcome.TieWon => "told at the same moment as something else",
        AttributeOutcome.Placeholder => "a placeholder",
        _ => throw new UnreachableException($"{outcome} has no words."),
    };
}
