using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Runtime.Projections;

/// <summary>What operators do with a service's views, by API keys with the scope <c>operate</c>.</summary>
public static class ProjectionEndpoints
{
    private const int ReasonLengthMax = 1000;

    /// <summary>
    /// Maps <c>/v1/{service}/projections</c>: GET lists generations and what stopped; POST <c>{name}/rebuild</c> builds anew beside the live
    /// one, <c>{name}/retry</c> goes on where it stopped, <c>{name}/skip?reason=</c> leaves out the record at which it stopped.
    /// </summary>
    public static void MapProjections(this IEndpointRouteBuilder app, string service)
    {
        var runtime = app.ServiceProvider.PatronService(service);
        var routes = app.MapGroup($"/v1/{service}/projections").RequireApiKey("operate");
        routes.MapGet("", async (CancellationToken cancellation) =>
        {
            var answers = new List<ProjectionAnswer>();
            foreach (var projection in runtime.Definition.Projections)
                answers.Add(await AnswerAsync(runtime, projection.Name, cancellation));
            return TypedResults.Json<IReadOnlyList<ProjectionAnswer>>(answers, ProjectionJson.Default.IReadOnlyListProjectionAnswer);
        });
        routes.MapPost("/{name}/rebuild", (string name, CancellationToken cancellation) => OnAsync(
            runtime, name, () => runtime.RebuildAsync(name, cancellation), cancellation));
        routes.MapPost("/{name}/retry", (string name, CancellationToken cancellation) => OnAsync(
            runtime,
            name,
            () =>
            {
                runtime.RetryProjection(name);
                return Task.CompletedTask;
            },
            cancellation));
        routes.MapPost("/{name}/skip", (string name, string? reason, HttpContext context, CancellationToken cancellation) =>
            SkipAsync(runtime, name, context.GetApiCaller().Name, reason, cancellation));
    }

    private static async Task<Results<JsonHttpResult<ProjectionAnswer>, ProblemHttpResult>> OnAsync(
        ServiceRuntime runtime, string name, Func<Task> act, CancellationToken cancellation)
    {
        if (!Exists(runtime, name))
            return NotFound(name);
        await act();
        return TypedResults.Json(await AnswerAsync(runtime, name, cancellation), ProjectionJson.Default.ProjectionAnswer);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> SkipAsync(
        ServiceRuntime runtime, string name, string who, string? reason, CancellationToken cancellation)
    {
        if (reason is not { Length: > 0 and <= ReasonLengthMax })
            return Problem.Invalid(new FieldError("reason", $"say in at most {ReasonLengthMax} characters why the record may be left out"));
        if (!Exists(runtime, name))
            return NotFound(name);
        return await runtime.SkipProjectedAsync(name, who, reason, cancellation)
            ? TypedResults.NoContent()
            : Problem.NotFound($"The projection '{name}' of this instance did not stop at a record; list the projections again.");
    }

    private static async Task<ProjectionAnswer> AnswerAsync(ServiceRuntime runtime, string name, CancellationToken cancellation) =>
        new(name, runtime.StoppedProjection(name), [.. await runtime.GenerationsAsync(name, cancellation)]);

    private static bool Exists(ServiceRuntime runtime, string name) => runtime.Definition.Projections.Any(p => p.Name == name);

    private static ProblemHttpResult NotFound(string name) => Problem.NotFound($"There is no projection '{name}'.");
}

/// <summary>A projection as operators see it.</summary>
internal sealed record ProjectionAnswer(string Name, string? Stopped, IReadOnlyList<Generation> Generations);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(IReadOnlyList<ProjectionAnswer>))]
internal sealed partial class ProjectionJson : JsonSerializerContext;
