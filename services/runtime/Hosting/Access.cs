using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Patron.Runtime.Hosting;

/// <summary>How an endpoint knows its caller; every endpoint names exactly how, or the host refuses to start.</summary>
internal abstract record AccessRule;

internal sealed record ApiKeyRule(params IReadOnlyList<string> Scopes) : AccessRule;

internal sealed record SignedLinkRule(string Purpose, LinkTime Time, IReadOnlyList<string> Parameters) : AccessRule;

internal sealed record PublicRule(string Reason) : AccessRule;

/// <summary>Says at an endpoint, or a group of them, how its callers are known. The rule nearest to the endpoint counts.</summary>
public static class AccessConventions
{
    /// <summary>Callers present an API key with this scope; the endpoint may ask <see cref="GetApiCaller"/> who it is.</summary>
    public static TBuilder RequireApiKey<TBuilder>(this TBuilder endpoint, string scope) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new ApiKeyRule(scope));

    /// <summary>The same for an endpoint that callers of several kinds need: one of the scopes is enough.</summary>
    public static TBuilder RequireAnyApiKey<TBuilder>(this TBuilder endpoint, params string[] scopes) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new ApiKeyRule(scopes));

    /// <summary>
    /// Callers come by a link from <see cref="SignedLinks"/> made for the same purpose and path; the named query parameters are proved to be
    /// as signed, all others are not.
    /// </summary>
    public static TBuilder RequireSignedLink<TBuilder>(this TBuilder endpoint, string purpose, LinkTime time, params string[] parameters)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new SignedLinkRule(purpose, time, parameters));

    /// <summary>Anybody may call. The reason is for the reader of the code.</summary>
    public static TBuilder AllowPublic<TBuilder>(this TBuilder endpoint, string reason) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new PublicRule(reason));

    /// <summary>Who called an endpoint that requires an API key.</summary>
    /// <exception cref="InvalidOperationException">The endpoint does not require one.</exception>
    public static ApiCaller GetApiCaller(this HttpContext context) =>
        context.Features.Get<ApiCaller>() ?? throw new InvalidOperationException("This endpoint does not require an API key.");

    internal static void UseAccessRules(this IApplicationBuilder app) => app.Use(static (context, next) => AnswerAsync(context, next));

    /// <summary>One sentence for each endpoint that says nothing about its callers, or cannot check what it says.</summary>
    internal static IEnumerable<string> Faults(IEnumerable<Endpoint> endpoints, SignedLinks links)
    {
        foreach (var endpoint in endpoints)
        {
            var name = endpoint.DisplayName ?? "An endpoint without a name";
            if (endpoint.Metadata.GetMetadata<AccessRule>() is SignedLinkRule && !links.CanSign)
                yield return $"{name} takes signed links, but there is no key for these: set Links:Current and Links:Keys.";
            if (!SaysWhoMayCall(endpoint))
                yield return $"{name} does not say who may call it: add .RequireApiKey, .RequireSignedLink or .AllowPublic where it is mapped.";
        }
    }

    // A signed-in user is ASP.NET's own matter, which itself fails when nothing checks the policy.
    private static bool SaysWhoMayCall(Endpoint endpoint) =>
        endpoint.Metadata.GetMetadata<AccessRule>() is not null || endpoint.Metadata.GetMetadata<IAuthorizeData>() is not null;

    private static Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        // Routing's own answers (404, 405, 415) are no route endpoints; they reach nothing.
        if (context.GetEndpoint() is not RouteEndpoint endpoint)
            return next(context);
        var refusal = endpoint.Metadata.GetMetadata<AccessRule>() switch
        {
            PublicRule => null,
            ApiKeyRule rule => CheckKey(context, rule),
            SignedLinkRule rule => CheckLink(context, rule),
            _ when SaysWhoMayCall(endpoint) => null,
            _ => Problem.Of(StatusCodes.Status403Forbidden, "not-allowed", "Nobody may call this address."),
        };
        return refusal is null ? next(context) : refusal.ExecuteAsync(context);
    }

    private static ProblemHttpResult? CheckKey(HttpContext context, ApiKeyRule rule)
    {
        var text = ApiKeys.TextOf(context.Request);
        var caller = text is null ? null : context.RequestServices.GetRequiredService<ApiKeys>().Find(text);
        if (caller is null)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Problem.Of(StatusCodes.Status401Unauthorized, "not-authenticated", text is null
                ? "Send your API key as 'Authorization: Bearer' or 'X-Api-Key'."
                : "This API key is not known here; it may have been withdrawn.");
        }
        if (!rule.Scopes.Any(caller.Scopes.Contains))
            return Problem.Of(StatusCodes.Status403Forbidden, "scope-missing", $"This needs an API key with the scope '{string.Join("' or '", rule.Scopes)}'.");
        context.Features.Set(caller);
        return null;
    }

    private static ProblemHttpResult? CheckLink(HttpContext context, SignedLinkRule rule)
    {
        var services = context.RequestServices;
        TimeProvider clock = rule.Time == LinkTime.Business
            ? services.GetRequiredService<BusinessClock>()
            : services.GetRequiredService<SystemClock>();
        var path = context.Request.PathBase + context.Request.Path;
        var links = services.GetRequiredService<SignedLinks>();
        return links.Verify(rule.Purpose, path, context.Request.Query, rule.Parameters, clock.GetUtcNow()) switch
        {
            LinkVerdict.Valid => null,
            LinkVerdict.Expired => Problem.Of(StatusCodes.Status410Gone, "link-expired", "This link was valid for a limited time, which is over."),
            _ => Problem.Of(StatusCodes.Status403Forbidden, "link-invalid", "This link is not complete or was changed; open it again as you received it."),
        };
    }
}
