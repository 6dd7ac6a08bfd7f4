using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Patron.Runtime.Hosting;
using Patron.Runtime.Projections;

namespace Patron.Runtime.Processing;

/// <summary>What operators see and do when a service has stopped, by API keys with the scope <c>operate</c>.</summary>
public static class StoppedEndpoints
{
    private const int FactsShownMax = 500;
    private const int ReasonLengthMax = 1000;

    /// <summary>Maps all that operators need of a service: parked records, what stopped, and its views.</summary>
    public static void MapOperations(this IEndpointRouteBuilder app, string service)
    {
        app.MapParked(service);
        app.MapStopped(service);
        app.MapProjections(service);
        app.MapPersonalData(service);
    }

    /// <summary>
    /// Maps <c>/v1/{service}/stopped</c>: GET tells why this instance does not do its work, and what restored stores no longer know; POST
    /// <c>accept</c> goes on with the new life of a restored store. POST <c>/v1/{service}/facts/{partition}/resend?after=</c> publishes again
    /// what a reader elsewhere misses.
    /// </summary>
    public static void MapStopped(this IEndpointRouteBuilder app, string service)
    {
        var runtime = app.ServiceProvider.PatronService(service);
        var routes = app.MapGroup($"/v1/{service}/stopped").RequireApiKey("operate");
        routes.MapGet("", async (CancellationToken cancellation) => TypedResults.Json(
            new StoppedAnswer(runtime.Troubles, await runtime.RestoredStoresAsync(FactsShownMax, cancellation)), StoppedJson.Default.StoppedAnswer));
        routes.MapPost("/accept", (AcceptedLife life, HttpContext context, CancellationToken cancellation) =>
            AcceptAsync(runtime, life, context.GetApiCaller().Name, cancellation));
        app.MapPost($"/v1/{service}/facts/{{partition:int}}/resend", (int partition, long after, CancellationToken cancellation) =>
            ResendAsync(runtime, partition, after, cancellation)).RequireApiKey("operate");
    }

    private static async Task<Results<Accepted, ProblemHttpResult>> ResendAsync(
        ServiceRuntime runtime, int partition, long after, CancellationToken cancellation) =>
        await runtime.ResendAsync(partition, after, cancellation) is { } refusal ? refusal.ToProblem() : TypedResults.Accepted((string?)null);

    private static async Task<Results<NoContent, ProblemHttpResult>> AcceptAsync(
        ServiceRuntime runtime, AcceptedLife life, string who, CancellationToken cancellation)
    {
        if (life.Reason is not { Length: > 0 and <= ReasonLengthMax } why)
            return Problem.Invalid(new FieldError("/reason", $"say in at most {ReasonLengthMax} characters why the loss is accepted"));
        return await runtime.AcceptRestoredAsync(life.Topic ?? "", life.StoreEpoch, who, why, cancellation)
            ? TypedResults.NoContent()
            : Problem.NotFound($"The service reads no topic '{life.Topic}'; look at what stopped again.");
    }
}

/// <summary>Why an instance does not do its work.</summary>
internal sealed record StoppedAnswer(IReadOnlyList<string> Troubles, IReadOnlyList<RestoredStore> Restored);

/// <summary>The life of a restored store that an operator accepts.</summary>
internal sealed record AcceptedLife(string? Topic, Guid StoreEpoch, string? Reason);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(StoppedAnswer))]
[JsonSerializable(typeof(AcceptedLife))]
internal sealed partial class StoppedJson : JsonSerializerContext;
