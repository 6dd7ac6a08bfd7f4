using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Patron.Runtime.EventLog;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Processing;

/// <summary>What operators do with a service's parked records, by API keys with the scope <c>operate</c>.</summary>
public static class ParkedEndpoints
{
    private const int RecordsShownMax = 500;
    private const int ReasonLengthMax = 1000;
    private const int ValueBytesMax = 1024 * 1024;

    /// <summary>
    /// Maps <c>/v1/{service}/parked</c>: GET lists (<c>?customer=</c> for one), POST <c>{customer}/replay</c>, PUT <c>records/{id}</c>
    /// replaces a value, DELETE <c>records/{id}?reason=</c> gives a record up.
    /// </summary>
    public static void MapParked(this IEndpointRouteBuilder app, string service)
    {
        var runtime = app.ServiceProvider.PatronService(service);
        var routes = app.MapGroup($"/v1/{service}/parked").RequireApiKey("operate");
        routes.MapGet("", async (Guid? customer, CancellationToken cancellation) => TypedResults.Json<IReadOnlyList<ParkedAnswer>>(
            [.. (await runtime.ParkedAsync(customer, RecordsShownMax, cancellation)).Select(ParkedAnswer.Of)], ParkedJson.Default.IReadOnlyListParkedAnswer));
        routes.MapPost("/{customer:guid}/replay", (Guid customer, CancellationToken cancellation) => ReplayAsync(runtime, customer, cancellation));
        routes.MapPut("/records/{id:long}", (long id, CorrectedValue corrected, CancellationToken cancellation) =>
            CorrectAsync(runtime, id, corrected, cancellation));
        routes.MapDelete("/records/{id:long}", (long id, string? reason, HttpContext context, CancellationToken cancellation) =>
            DiscardAsync(runtime, id, context.GetApiCaller().Name, reason, cancellation));
    }

    private static async Task<Results<JsonHttpResult<ReplayAnswer>, ProblemHttpResult>> ReplayAsync(
        ServiceRuntime runtime, Guid customer, CancellationToken cancellation)
    {
        var outcome = await runtime.ReplayParkedAsync(customer, cancellation);
        if (outcome.Refusal is { } refusal)
            return refusal.ToProblem();
        var stoppedAt = outcome.StoppedAt is { } record ? ParkedAnswer.Of(record) : null;
        return TypedResults.Json(new ReplayAnswer(outcome.Applied, stoppedAt), ParkedJson.Default.ReplayAnswer);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> CorrectAsync(
        ServiceRuntime runtime, long id, CorrectedValue corrected, CancellationToken cancellation)
    {
        if (corrected.Value is not { Length: > 0 and <= ValueBytesMax } value)
            return Problem.Invalid(new FieldError("/value", $"it must be the fact's protobuf encoding in base64, at most {ValueBytesMax} bytes"));
        return await runtime.CorrectParkedAsync(id, value, cancellation) ? TypedResults.NoContent() : NotFound(id);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DiscardAsync(
        ServiceRuntime runtime, long id, string who, string? reason, CancellationToken cancellation)
    {
        if (reason is not { Length: > 0 and <= ReasonLengthMax })
            return Problem.Invalid(new FieldError("reason", $"say in at most {ReasonLengthMax} characters why the record may be given up"));
        return await runtime.DiscardParkedAsync(id, who, reason, cancellation) ? TypedResults.NoContent() : NotFound(id);
    }

    private static ProblemHttpResult NotFound(long id) => Problem.NotFound($"No record with a value is parked as {id}; list the parked records again.");
}

/// <summary>A parked record as operators see it. Facts carry personal data sealed or not at all, so that the value may be shown.</summary>
internal sealed record ParkedAnswer(
    long Id, string Topic, int Partition, long Offset, Guid Customer, string? Type, string Reason, DateTimeOffset ParkedAt, byte[]? Value)
{
    public static ParkedAnswer Of(ParkedRecord record) => new(
        record.Id, record.Topic, record.Partition, record.Offset, record.Customer,
        Envelope.TryRead(record.Record.Headers, out var envelope, out _) ? envelope.Type : null,
        record.Reason, record.ParkedAt, record.Record.Value?.ToArray());
}

/// <summary>What a replay did, and where it stopped.</summary>
internal sealed record ReplayAnswer(int Applied, ParkedAnswer? StoppedAt);

/// <summary>The new value of a parked fact.</summary>
internal sealed record CorrectedValue(byte[]? Value);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(IReadOnlyList<ParkedAnswer>))]
[JsonSerializable(typeof(ReplayAnswer))]
[JsonSerializable(typeof(CorrectedValue))]
internal sealed partial class ParkedJson : JsonSerializerContext;
