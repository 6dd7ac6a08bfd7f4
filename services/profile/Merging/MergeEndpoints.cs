using Microsoft.AspNetCore.Http.HttpResults;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <param name="Customers">Two ids, in any order; which of them stays is decided by rule.</param>
/// <param name="Reason">Why they are one person, 1 to 500 characters. Kept sealed.</param>
/// <param name="Who">Who decided, 1 to 100 characters: a name or account of the staff.</param>
/// <param name="DespiteConflicts">The conflicts of the preview were seen, and count for nothing.</param>
internal sealed record MergeRequest(IReadOnlyList<Guid>? Customers, string? Reason, string? Who, bool DespiteConflicts = false);

internal sealed record UndoRequest(string? Reason, string? Who);

/// <param name="Link">Undoes the merge.</param>
/// <param name="Customer">Who stays, and whom both ids lead to now.</param>
/// <param name="Merged">Who is merged into them.</param>
internal sealed record MergeAnswer(Guid Link, Guid Customer, Guid Merged);

/// <summary>People decide that two customers are one, or were not after all.</summary>
internal static class MergeEndpoints
{
    public const int ReasonCharactersMax = 500;
    public const int WhoCharactersMax = 100;

    public static void Map(WebApplication app)
    {
        app.MapPost("/v1/customers/merges", MergeAsync).RequireApiKey("write");
        app.MapPost("/v1/customers/merges/preview", PreviewMerge.ReadAsync).RequireApiKey("read");
        app.MapPost("/v1/customers/merges/{link:guid}/undo", UndoAsync).RequireApiKey("write");
    }

    /// <summary>A retry is safe: two that are one already are refused with their customer.</summary>
    private static async Task<Results<JsonHttpResult<MergeAnswer>, ProblemHttpResult>> MergeAsync(
        MergeRequest wanted, Merges merges, CancellationToken cancellation)
    {
        var faults = Faults(wanted.Reason, wanted.Who);
        if (PairOf(wanted.Customers) is not { } pair)
            return Problem.Invalid([new FieldError("/customers", "Name two different customers by their ids."), .. faults]);
        if (faults.Count > 0)
            return Problem.Invalid(faults);
        var outcome = (await merges.MergeAsync(
            [new MergeWanted(pair, LinkCause.Decision, wanted.Who!.Trim(), wanted.Reason!.Trim(), wanted.DespiteConflicts)], cancellation))[0];
        return outcome.Refusal is { } refusal
            ? refusal.ToProblem(StatusOf(refusal))
            : TypedResults.Json(new MergeAnswer(outcome.Link!.Value, outcome.Survivor!.Value, outcome.Away!.Value), ProfileJson.Default.MergeAnswer);
    }

    /// <summary>A retry is safe: a merge that is undone stays so.</summary>
    private static async Task<Results<NoContent, ProblemHttpResult>> UndoAsync(
        Guid link, UndoRequest wanted, Merges merges, CancellationToken cancellation)
    {
        if (Faults(wanted.Reason, wanted.Who) is { Count: > 0 } faults)
            return Problem.Invalid(faults);
        return await merges.UndoAsync(link, wanted.Who!.Trim(), wanted.Reason!.Trim(), cancellation) is { } refusal
            ? refusal.ToProblem(StatusOf(refusal))
            : TypedResults.NoContent();
    }

    public static Pair? PairOf(IReadOnlyList<Guid>? customers) =>
        customers is [var one, var other] && one != other ? new Pair(one, other) : null;

    public static IReadOnlyList<FieldError> Faults(string? reason, string? who)
    {
        var faults = new List<FieldError>();
        if (reason?.Trim() is not { Length: > 0 and <= ReasonCharactersMax })
            faults.Add(new FieldError("/reason", $"Say why, in 1 to {ReasonCharactersMax} characters."));
        if (who?.Trim() is not { Length: > 0 and <= WhoCharactersMax } name || name.Any(char.IsControl))
            faults.Add(new FieldError("/who", $"Say who decided, in 1 to {WhoCharactersMax} characters without control characters."));
        return faults;
    }

    public static int StatusOf(Refusal refusal) => refusal is NoSuchCustomer or NoSuchLink ? StatusCodes.Status404NotFound : StatusCodes.Status409Conflict;
}
