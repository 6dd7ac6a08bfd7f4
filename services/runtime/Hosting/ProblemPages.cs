using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Patron.Runtime.Hosting;

/// <summary>The one place where faults and bare status codes become problem details.</summary>
internal static class ProblemPages
{
    public static void UseProblemPages(this IApplicationBuilder app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = context =>
                OfFault(context.Features.GetRequiredFeature<IExceptionHandlerFeature>().Error).ExecuteAsync(context),
            AllowStatusCode404Response = true,
            // The caller's mistake is in the answer; an error log is for our own.
            SuppressDiagnosticsCallback = failure => failure.Exception is BadHttpRequestException,
        });
        app.UseStatusCodePages(page => OfStatus(page.HttpContext.Response.StatusCode).ExecuteAsync(page.HttpContext));
    }

    private static ProblemHttpResult OfFault(Exception fault) => fault switch
    {
        BadHttpRequestException { InnerException: JsonException wrong } => OfJson(wrong),
        BadHttpRequestException { StatusCode: StatusCodes.Status400BadRequest } bad => Problem.Of(400, "invalid-request", bad.Message),
        BadHttpRequestException bad => OfStatus(bad.StatusCode),
        _ => OfStatus(StatusCodes.Status500InternalServerError),
    };

    // The exception's own message names CLR types and may quote the value, so only its position is told.
    private static ProblemHttpResult OfJson(JsonException wrong)
    {
        var pointer = JsonPointer.FromPath(wrong.Path);
        var place = wrong.LineNumber is { } line ? $" (line {line + 1}, byte {wrong.BytePositionInLine + 1})" : "";
        var detail = pointer.Length == 0
            ? $"The body is not the expected JSON{place}."
            : $"This is missing, malformed or not of the expected type{place}.";
        return Problem.Invalid(new FieldError(pointer, detail));
    }

    private static ProblemHttpResult OfStatus(int status) => status switch
    {
        400 => Problem.Of(status, "invalid-request", "The request cannot be understood; check its parameters and body."),
        401 => Problem.Of(status, "not-authenticated", "Identify yourself."),
        403 => Problem.Of(status, "not-allowed", "You may not do this."),
        404 => Problem.Of(status, "not-found", "There is nothing at this address; check the path."),
        405 => Problem.Of(status, "method-not-allowed", "This address does not take that method; the Allow header lists those it takes."),
        408 => Problem.Of(status, "request-too-slow", "The request came in too slowly; send it again on a better connection."),
        413 => Problem.Of(status, "body-too-large", "The body is larger than this service takes; send it in smaller parts."),
        415 => Problem.Of(status, "wrong-content-type", "The body's content type is not taken here; send application/json if in doubt."),
        429 => Problem.Of(status, "too-many-requests", "Too many requests; wait for the time in Retry-After and send this one again."),
        503 => Problem.Of(status, "overloaded", "The service is busy or stopping; wait for the time in Retry-After and send this one again."),
        >= 500 => Problem.Of(status, "internal-error", "Something went wrong on our side; quote the traceId when you report it."),
        _ => Problem.Of(status, "refused", "The request was refused."),
    };
}
