using System.Diagnostics;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;

namespace Patron.Channels.Email;

/// <summary>How this service tells a customer's story, and what it counts.</summary>
internal static class Story
{
    public static void Map(WebApplication app)
    {
        var runtime = app.Services.PatronService(Module.Name);
        var outbox = app.Services.GetRequiredService<Outbox>();
        app.MapGet("/v1/email/customers/{id:guid}/timeline", async (Guid id, CancellationToken cancellation) =>
            TypedResults.Json(Tell(await runtime.ReadCustomerAsync(id, cancellation)), StoryJson.Default.IReadOnlyListTimelineEntry)).RequireApiKey("read");
        app.MapGet("/v1/email/figures", async (CancellationToken cancellation) =>
            TypedResults.Json<IReadOnlyList<Figure>>(
                [.. await FigureCounts.ReadAsync(runtime.Database, cancellation), new Figure("emails waiting", await outbox.CountAsync(cancellation))],
                StoryJson.Default.IReadOnlyListFigure)).RequireApiKey("read");
    }

    public static IEnumerable<Figure> Count(RecordedEvent recorded) => recorded.Event switch
    {
        Sent => [new Figure("emails sent", 1)],
        Suppressed e => [new Figure($"emails suppressed: {e.Code}", 1)],
        Failed => [new Figure("emails failed", 1)],
        Uncertain => [new Figure("emails uncertain", 1)],
        Deferred => [new Figure("email deferrals", 1)],
        Unsubscribed => [new Figure("email withdrawals by link", 1)],
        _ => [],
    };

    /// <summary>Events tell neither template nor purpose again, so these come from the claim of the same send.</summary>
    internal static IReadOnlyList<TimelineEntry> Tell(IReadOnlyList<RecordedEvent> events)
    {
        var claims = events.Where(e => e.Event is SendClaimed).ToDictionary(e => e.Stream, e => (SendClaimed)e.Event);
        return [.. events.Select(e => Tell(e, claims.GetValueOrDefault(e.Stream)))];
    }

    private static TimelineEntry Tell(RecordedEvent recorded, SendClaimed? claim) => recorded.Event switch
    {
        SendClaimed e => Line(recorded, $"Took up the email {e.Template}", $"step {e.Step} of the journey {e.Journey} asked for it"),
        OptInClaimed e => Line(recorded, $"Took up the email {OptIn.Template}", $"{e.Purpose} is to be confirmed by its link"),
        Calling => Line(recorded, $"Began to hand the email {claim?.Template} over", $"an address is known, and there is consent to {claim?.Purpose}"),
        Deferred e => Line(recorded, $"Put the email {claim?.Template} off", e.Reason),
        Sent e => Line(recorded, $"Sent the email {e.Template}", $"the mail server took it: {e.ProviderReply}"),
        Suppressed e => Line(recorded, $"Did not send the email {claim?.Template}: {e.Code}", e.Reason),
        Failed e => Line(recorded, $"Could not send the email {claim?.Template}", e.Reason),
        Uncertain e => Line(recorded, $"Does not know whether the email {claim?.Template} was sent", e.Reason),
        Unsubscribed e => Line(recorded, $"Shut the gate for {e.Purpose} emails", "the recipient used the link in a mail"),
        SendsHandedOver e => Line(recorded, "Waiting mails go to the same person", $"merged into customer {e.Into:D}"),
        WithdrawalsJoined e => Line(recorded, $"{e.Withdrawals.Count} withdrawals hold here too", $"customer {e.Customer:D} is the same person"),
        SendsTakenBack e => Line(recorded, "Waiting mails are the customer's own again", $"not the same person as customer {e.From:D}"),
        ProfileTold => Line(recorded, "Told profile of the withdrawal", "profile owns consent; the gate here was shut before"),
        _ => throw new UnreachableException($"{recorded.Event.GetType().Name} has no line."),
    };

    private static TimelineEntry Line(RecordedEvent recorded, string what, string why) => new(recorded.Time, Module.Name, what, why);
}
