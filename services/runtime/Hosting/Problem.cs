using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Hosting;

/// <summary>One wrong field of a request.</summary>
/// <param name="Path">JSON pointer (RFC 6901) into the request's body, or the name of a query parameter.</param>
/// <param name="Detail">One sentence: what is wrong and what would be right; never the value itself, which may be personal.</param>
public sealed record FieldError(string Path, string Detail);

/// <summary>
/// Makes RFC 9457 problem details. Every error answer of every service is one of these, so that a client needs one way to read errors;
/// <c>type</c> is <see cref="TypeBase"/> and a code that never changes, <c>traceId</c> finds the request in traces and logs.
/// </summary>
public static class Problem
{
    public const string TypeBase = "https://patron.example/problems/";

    /// <summary>The most wrong fields that one answer lists.</summary>
    public const int ErrorsMax = 100;

    /// <param name="status">HTTP status, 400 to 599.</param>
    /// <param name="code">Stable, in kebab case, such as <c>not-enough-points</c>; the title is the same in words.</param>
    /// <param name="detail">What is wrong with this request and how to go on; no personal data, no internals.</param>
    /// <param name="errors">The wrong fields, if the problem is with fields.</param>
    /// <param name="extra">Further members that the problem's type defines.</param>
    public static ProblemHttpResult Of(int status, string code, string detail, IReadOnlyList<FieldError>? errors = null,
        IReadOnlyDictionary<string, object?>? extra = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 400);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 599);
        ArgumentException.ThrowIfNullOrEmpty(code);
        var problem = new ProblemDetails
        {
            Type = TypeBase + code,
            Title = TitleOf(code),
            Status = status,
            Detail = detail,
        };
        if (Activity.Current is { } activity)
            problem.Extensions["traceId"] = activity.TraceId.ToHexString();
        if (errors is { Count: > 0 })
            problem.Extensions["errors"] = errors.Take(ErrorsMax).Select(e => new { pointer = e.Path, detail = e.Detail }).ToArray();
        foreach (var (name, value) in extra ?? new Dictionary<string, object?>())
            problem.Extensions[name] = value;
        return TypedResults.Problem(problem);
    }

    /// <summary>400: the request cannot be understood; <paramref name="errors"/> name each wrong field.</summary>
    public static ProblemHttpResult Invalid(params IReadOnlyList<FieldError> errors) =>
        Of(StatusCodes.Status400BadRequest, "invalid-request", "The request has wrong fields; correct those listed under errors.", errors);

    /// <summary>An expected failure of a command; 409 unless the endpoint knows better.</summary>
    public static ProblemHttpResult ToProblem(this Refusal refusal, int status = StatusCodes.Status409Conflict) =>
        Of(status, refusal.Code, refusal.Detail);

    /// <summary>404: the thing itself does not exist, or is not for this caller.</summary>
    public static ProblemHttpResult NotFound(string detail) => Of(StatusCodes.Status404NotFound, "not-found", detail);

    private static string TitleOf(string code) => char.ToUpperInvariant(code[0]) + code[1..].Replace('-', ' ');
}
