using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>Two customers whom events named together, but not surely enough; both as people see them, masked.</summary>
/// <param name="Kind">The kind of identifier that named the other one.</param>
internal sealed record WaitingConflict(Guid Id, string Cause, string Kind, DateTimeOffset FoundAt, CustomerGlance One, CustomerGlance Other);

/// <param name="Next">Give it as <c>after</c> for the next page; absent on the last.</param>
internal sealed record ConflictList(IReadOnlyList<WaitingConflict> Conflicts, Guid? Next);

/// <param name="Decision"><c>merge</c> or <c>keep-apart</c>.</param>
internal sealed record ConflictDecision(string? Decision, string? Reason, string? Who);

/// <summary>What waits for a person's decision, oldest first, and the decisions. One that is kept apart is never merged by events again.</summary>
internal static class ConflictEndpoints
{
    private const int PageMax = 200;

    public static void Map(WebApplication app)
    {
        app.MapGet("/v1/customers/conflicts", ListAsync).RequireApiKey("read");
        app.MapPost("/v1/customers/conflicts/{id:guid}/decision", DecideAsync).RequireApiKey("write");
    }

    private static async Task<Results<JsonHttpResult<ConflictList>, ProblemHttpResult>> ListAsync(
        Guid? after, int? limit, [FromKeyedServices(Module.Name)] ServiceRuntime profile, CustomerVault vault, CancellationToken cancellation)
    {
        if (limit is < 1 or > PageMax)
            return Problem.Invalid(new FieldError("limit", $"This must be from 1 to {PageMax}."));
        var rows = await ReadAsync(profile, after, limit ?? PageMax, cancellation);
        var customers = rows.SelectMany(r => new[] { r.One, r.Other }).ToHashSet();
        var states = await profile.StatesAsync(CustomerProfile.Kind, customers, cancellation);
        var keys = await vault.GetAsync(customers, cancellation);
        var conflicts = rows.Select(r => new WaitingConflict(
            r.Id, PreviewMerge.NameOf(r.Cause), PreviewMerge.NameOf(r.Kind), r.FoundAt, View(r.One), View(r.Other)));
        return TypedResults.Json(
            new ConflictList([.. conflicts], rows.Count == (limit ?? PageMax) ? rows[^1].Id : null), ProfileJson.Default.ConflictList);

        CustomerGlance View(Guid customer) =>
            CustomerGlance.Of(customer, states.GetValueOrDefault(customer) ?? CustomerProfile.Kind.Fold([]), keys.GetValueOrDefault(customer));
    }

    /// <summary>A retry is safe: what is decided is refused with the decision.</summary>
    private static async Task<Results<NoContent, ProblemHttpResult>> DecideAsync(
        Guid id, ConflictDecision wanted, [FromKeyedServices(Module.Name)] ServiceRuntime profile, Merges merges, CancellationToken cancellation)
    {
        var faults = MergeEndpoints.Faults(wanted.Reason, wanted.Who);
        if (wanted.Decision is not ("merge" or "keep-apart"))
            return Problem.Invalid([new FieldError("/decision", "This must be merge or keep-apart."), .. faults]);
        if (faults.Count > 0)
            return Problem.Invalid(faults);
        if (await FindAsync(profile, id, cancellation) is not { } found)
            return Problem.NotFound("There is no conflict with this id.");
        if (found.Decided)
            return Problem.Of(StatusCodes.Status409Conflict, "already-decided", "Somebody has decided on these two; look at their merges.");

        var refusal = wanted.Decision == "merge"
            ? (await merges.MergeAsync(
                [new MergeWanted(found.Pair, LinkCause.Decision, wanted.Who!.Trim(), wanted.Reason!.Trim(), DespiteConflicts: true)], cancellation))[0].Refusal
            : await merges.KeepApartAsync(found.Pair, id, wanted.Who!.Trim(), wanted.Reason!.Trim(), cancellation);
        return refusal is null ? TypedResults.NoContent() : refusal.ToProblem(MergeEndpoints.StatusOf(refusal));
    }

    // Pairs that became one by another way are decided too.
    private static async Task<List<(Guid Id, Guid One, Guid Other, IdentifierKind Kind, ConflictCause Cause, DateTimeOffset FoundAt)>> ReadAsync(
        ServiceRuntime profile, Guid? after, int limit, CancellationToken cancellation)
    {
        await using var command = profile.Database.CreateCommand(
            """
            select c.id, coalesce(a.root, c.one), coalesce(b.root, c.other), c.kind, c.cause, c.found_at
            from conflicts c left join aliases a on a.node = c.one left join aliases b on b.node = c.other
            where c.decision is null and coalesce(a.root, c.one) <> coalesce(b.root, c.other)
              and ($1::uuid is null or (c.found_at, c.id) > (select x.found_at, x.id from conflicts x where x.id = $1))
            order by c.found_at, c.id limit $2
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)after ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        var rows = new List<(Guid, Guid, Guid, IdentifierKind, ConflictCause, DateTimeOffset)>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            rows.Add((row.GetGuid(0), row.GetGuid(1), row.GetGuid(2), (IdentifierKind)row.GetInt16(3), (ConflictCause)row.GetInt16(4),
                new DateTimeOffset(row.GetDateTime(5), TimeSpan.Zero)));
        }
        return rows;
    }

    private static async Task<(Pair Pair, bool Decided)?> FindAsync(ServiceRuntime profile, Guid id, CancellationToken cancellation)
    {
        await using var command = profile.Database.CreateCommand("select one, other, decision is not null from conflicts where id = $1");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation) ? (new Pair(row.GetGuid(0), row.GetGuid(1)), row.GetBoolean(2)) : null;
    }
}
