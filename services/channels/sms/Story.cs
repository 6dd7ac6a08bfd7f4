using System.Diagnostics;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;

namespace Patron.Channels.Sms;

/// <summary>How this service tells a customer's story, and what it counts.</summary>
internal static class Story
{
    public static void Map(WebApplication app)
    {
        var runtime = app.Services.PatronService(Module.Name);
        app.MapGet("/v1/sms/customers/{id:guid}/timeline", async (Guid id, CancellationToken cancellation) =>
            TypedResults.Json<IReadOnlyList<TimelineEntry>>(
                [.. (await runtime.ReadCustomerAsync(id, cancellation)).Select(Tell)], StoryJson.Default.IReadOnlyListTimelineEntry)).RequireApiKey("read");
        app.MapGet("/v1/sms/figures", async (CancellationToken cancellation) =>
            TypedResults.Json(await FigureCounts.ReadAsync(runtime.Database, cancellation), StoryJson.Default.IReadOnlyListFigure)).RequireApiKey("read");
    }

    public static IEnumerable<Figure> Count(RecordedEvent recorded) => recorded.Event switch
    {
        SendClaimed => [new Figure("text messages waiting", 1)],
        Suppressed e => [new Figure($"text messages suppressed: {e.Code}", 1)],
        _ => throw new UnreachableException($"{recorded.Event.GetType().Name} is not counted."),
    };

    private static TimelineEntry Tell(RecordedEvent recorded) => recorded.Event switch
    {
        SendClaimed e => new TimelineEntry(
            recorded.Time, Module.Name, $"Took up the text message {e.Template}", $"step {e.Step} of the journey {e.Journey} asked for it"),
        Suppressed e => new TimelineEntry(recorded.Time, Module.Name, $"Did not send the text message {e.Template}: {e.Code}", e.Reason),
        _ => throw new UnreachableException($"{recorded.Event.GetType().Name} has no line."),
    };
}
