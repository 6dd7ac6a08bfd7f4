using Npgsql;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>The receipt of an erasure: what was removed where, and who is yet to confirm.</summary>
/// <param name="State"><c>running</c>, or <c>complete</c> when every service has applied it.</param>
internal sealed record ErasureReceipt(
    Guid Id, Guid Customer, IReadOnlyList<Guid> Aliases, string State, string Reason, string Reference, string By, DateTimeOffset AskedAt,
    DateTimeOffset? CompletedAt, IReadOnlyList<ErasureAtService> Services);

/// <param name="State"><c>waiting</c> or <c>confirmed</c>.</param>
/// <param name="Removed">Rows deleted, by table; what was decided besides is in the service's own events.</param>
internal sealed record ErasureAtService(string Service, string State, DateTimeOffset? ConfirmedAt, IReadOnlyDictionary<string, int> Removed);

internal static class ErasureReceipts
{
    public static void Map(WebApplication app) => app.MapGet(
        "/v1/erasures/{id:guid}", (Guid id, [FromKeyedServices(Module.Name)] ServiceRuntime profile, ErasureWork work, CancellationToken cancellation) =>
            AnswerAsync(profile.Database, work, id, StatusCodes.Status200OK, cancellation)).RequireApiKey(PersonalDataEndpoints.Scope);

    public static async Task<IResult> AnswerAsync(
        NpgsqlDataSource database, ErasureWork work, Guid id, int status, CancellationToken cancellation)
    {
        var erasures = new Erasures(database);
        if (await erasures.FindAsync(id, cancellation) is not { } erasure)
            return Problem.NotFound("There is no erasure with this id.");
        var confirmed = (await erasures.ConfirmationsAsync(id, cancellation)).ToDictionary(c => c.Service);
        var none = new Dictionary<string, int>();
        var here = new ErasureAtService(Module.Name, erasure.Removed is null ? "waiting" : "confirmed", null, erasure.Removed ?? none);
        var others = work.Services.Union(confirmed.Keys).Select(service => confirmed.TryGetValue(service, out var word)
            ? new ErasureAtService(service, "confirmed", word.At, word.Removed)
            : new ErasureAtService(service, "waiting", null, none));
        var receipt = new ErasureReceipt(
            erasure.Id, erasure.Customer, erasure.Aliases, erasure.CompletedAt is null ? "running" : "complete", erasure.Reason, erasure.Reference,
            erasure.By, erasure.AskedAt, erasure.CompletedAt, [here, .. others]);
        return TypedResults.Json(receipt, PrivacyJson.Default.ErasureReceipt, statusCode: status);
    }
}
