using Patron.Runtime.EventLog;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>Which waiting records are replayed; null fields do not matter. <c>After</c> is the <c>Next</c> of an earlier answer.</summary>
internal sealed record ReplayWanted(string? Type, string? Reason, DateOnly? Day, Guid? After);

/// <param name="Next">There may be more: ask again with this as <c>after</c>. Null when all that were meant have been tried.</param>
internal sealed record ReplayDone(int Replayed, int StillWrong, Guid? Next);

/// <summary>
/// Quarantined records are taken after all. What is taken is recognised by its source and id like any event, so that a replay which is
/// interrupted, repeated or made by two at once takes each record once.
/// </summary>
internal static class ReplayQuarantined
{
    public static void Map(WebApplication app)
    {
        app.MapPost("/v1/quarantine/{id:guid}/replay", ReplayAsync).RequireApiKey("operate");
        app.MapPost("/v1/quarantine/replay", ReplayManyAsync).RequireApiKey("operate");
    }

    /// <summary>
    /// Without a body the record is tried as it is, or as it was corrected; with one, that is taken in its place. A record that was replayed
    /// answers its state: a retry is safe.
    /// </summary>
    private static async Task<IResult> ReplayAsync(
        Guid id, HttpContext context, QuarantineStore quarantine, QuarantineReader reader, Ingestion ingestion, ProfileSettings settings,
        CancellationToken cancellation)
    {
        if (await quarantine.FindAsync(id, cancellation) is not { } found)
            return QuarantineEndpoints.NoSuchRecord();
        if (found.Record.State == "replayed")
            return TypedResults.Json(found.Record, ProfileJson.Default.QuarantinedRecord);
        if (found.Body is not { } body)
            return QuarantineEndpoints.BodyGone(found.Record);

        var errors = new FieldErrors();
        if (context.Request.ContentType is not null)
            body = await QuarantineEndpoints.EditedAsync(body, context.Request, settings, errors, cancellation);
        var told = body is null ? null : await reader.ReadAsync(found.Record, body, errors, cancellation);
        if (told is null)
            return Problem.Invalid(errors.Found);
        var taken = (await ingestion.TakeAsync([told], allOrNone: true, cancellation))[0];
        if (!taken.IsTaken)
            return Problem.Of(StatusCodes.Status409Conflict, "event-conflict", taken.Detail!);
        await quarantine.SettleAsync([id], [], context.GetApiCaller().Name, cancellation);
        return TypedResults.Json(new EventsTaken([PostEvents.Named(taken)]), ProfileJson.Default.EventsTaken, statusCode: StatusCodes.Status202Accepted);
    }

    /// <summary>Oldest first, a bounded number at a time. Those that are still wrong wait on, with the reasons of today.</summary>
    private static async Task<IResult> ReplayManyAsync(
        ReplayWanted wanted, HttpContext context, QuarantineStore quarantine, QuarantineReader reader, Ingestion ingestion, CollectSettings settings,
        CancellationToken cancellation)
    {
        var filter = new QuarantineFilter("waiting", wanted.Type, wanted.Reason, wanted.Day, After: wanted.After);
        var found = await quarantine.OpenAsync(filter, settings.ReplayMax, cancellation);
        var right = new List<(Guid Id, Told Told)>();
        var wrong = new List<(Guid Id, IReadOnlyList<Reason> Reasons)>();
        foreach (var (record, body) in found.Where(f => f.Body is not null))
        {
            var errors = new FieldErrors();
            if (await reader.ReadAsync(record, body!, errors, cancellation) is { } told)
                right.Add((record.Id, told));
            else
                wrong.Add((record.Id, errors.Reasons));
        }

        var taken = await ingestion.TakeAsync([.. right.Select(r => r.Told)], allOrNone: false, cancellation);
        var outcomes = right.Zip(taken).ToLookup(o => o.Second.IsTaken);
        wrong.AddRange(outcomes[false].Select(o => (o.First.Id, (IReadOnlyList<Reason>)[new Reason("/id", o.Second.Detail!)])));
        await quarantine.SettleAsync([.. outcomes[true].Select(o => o.First.Id)], wrong, context.GetApiCaller().Name, cancellation);
        var next = found.Count == settings.ReplayMax ? found[^1].Record.Id : (Guid?)null;
        return TypedResults.Json(new ReplayDone(outcomes[true].Count(), wrong.Count, next), ProfileJson.Default.ReplayDone);
    }
}
