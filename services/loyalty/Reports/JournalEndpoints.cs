using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>A customer's books, the oldest event first.</summary>
/// <param name="Ledger">The customer whose ledger it is: another one after a merge.</param>
/// <param name="Next">What to send as <c>after</c> for what follows; null at the end.</param>
internal sealed record JournalPage(Guid Ledger, IReadOnlyList<JournalLine> Lines, int? Next);

/// <summary>One entry. Those of one <paramref name="Number"/> are one posting and sum to zero.</summary>
/// <param name="Number">The event's place in the ledger, from 1.</param>
/// <param name="Points">Above zero to the account, below zero from it.</param>
/// <param name="Key">Of the document, redemption, hold, grant or link: it is booked once. Null where time alone is the cause.</param>
internal sealed record JournalLine(
    int Number, string Account, long Points, string Reason, Guid? Origin, DateTimeOffset BusinessTime, DateTimeOffset BookingTime, Guid? Key);

internal static class JournalEndpoints
{
    private const int EventsMax = 500;
    private const int EventsUsual = 100;

    public static void Map(RouteGroupBuilder loyalty) => loyalty.MapGet("/customers/{id:guid}/journal", ReadAsync).RequireApiKey("read");

    /// <param name="after">Lines of events after this number; 0 from the start.</param>
    /// <param name="limit">Events a page, 1 to 500.</param>
    private static async Task<Results<JsonHttpResult<JournalPage>, ProblemHttpResult>> ReadAsync(
        Guid id, int? after, int? limit, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CancellationToken cancellation)
    {
        if (limit is < 1 or > EventsMax)
            return Problem.Invalid(new FieldError("limit", $"Ask for 1 to {EventsMax} events at a time."));
        if (after < 0)
            return Problem.Invalid(new FieldError("after", "This is the number of an event, or 0."));

        var (ledger, events) = (await runtime.RootAsync(id, cancellation), limit ?? EventsUsual);
        var read = await runtime.ReadStreamAsync(ledger, after ?? 0, events, cancellation);
        var page = new JournalPage(ledger, [.. read.SelectMany(Lines)], read.Count == events ? read[^1].Version : null);
        return TypedResults.Json(page, LoyaltyJson.Default.JournalPage);
    }

    private static IEnumerable<JournalLine> Lines(RecordedEvent recorded)
    {
        var posting = Journal.Of(recorded.Event);
        return posting.Entries.Select(entry => new JournalLine(
            recorded.Version, entry.Account, entry.Points, posting.Reason, posting.Origin, posting.At ?? recorded.Time, recorded.Time, posting.Key));
    }
}
