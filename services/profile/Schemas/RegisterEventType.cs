using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <param name="Schema">The address of this version's schema.</param>
internal sealed record RegisteredType(string Name, int Version, DateTimeOffset RegisteredAt, string RegisteredBy, string Schema);

/// <summary>
/// A brand describes its own kinds of events, or adds fields to one that comes with Patron. Each change is a further version, which takes all
/// that the one before took.
/// </summary>
internal static partial class RegisterEventType
{
    public const string Reserved = "patron.";
    public const string SchemaType = "application/schema+json";
    private const string NameRule =
        "A name has 1 to 100 printable characters, no slash, no blank at its ends, and does not begin with 'patron.'.";

    public static void Map(WebApplication app) => app.MapPut("/v1/event-types/{name}", PutAsync).RequireApiKey("operate")
        .WithMetadata(new RequestSizeLimitAttribute(SchemaReader.BytesMax));

    public static bool IsName(string name) => Name().IsMatch(name) && !name.StartsWith(Reserved, StringComparison.Ordinal);

    public static RegisteredType Named(EventTypeVersion version) => new(
        version.Name, version.Version, version.RegisteredAt, version.RegisteredBy,
        string.Create(CultureInfo.InvariantCulture, $"/v1/event-types/{Uri.EscapeDataString(version.Name)}/versions/{version.Version}"));

    /// <summary>The body is the schema. The same schema as the latest version answers that one, so a retry is safe.</summary>
    private static async Task<IResult> PutAsync(
        string name, HttpContext context, EventTypeStore store, EventTypeRegistry registry, SchemaReader reader, CollectSettings settings,
        BusinessClock clock, CancellationToken cancellation)
    {
        if (!IsName(name))
            return Problem.Invalid(new FieldError("name", NameRule));
        var errors = new FieldErrors();
        using var body = await JsonBody.ParseAsync(context.Request.Body, errors, cancellation);
        if (body is null || reader.Read(body.RootElement, errors) is not { } schema || errors.Count > 0)
            return Problem.Invalid(errors.Found);

        var latest = await store.FindAsync(name, null, cancellation);
        if (latest is not null)
        {
            using var before = JsonDocument.Parse(latest.Schema);
            if (JsonElement.DeepEquals(before.RootElement, body.RootElement))
                return Answer(latest, StatusCodes.Status200OK);
            SchemaChange.Check(reader.Read(before.RootElement, new FieldErrors()), schema, "", errors);
            if (errors.Count > 0)
                return Incompatible(latest.Version, errors);
        }

        var added = new EventTypeVersion(
            name, (latest?.Version ?? 0) + 1, body.RootElement.GetRawText(), clock.GetUtcNow(), context.GetApiCaller().Name);
        if (!await store.TryAddAsync(added, settings.EventTypesMax, cancellation))
            return NotAdded(settings.EventTypesMax);
        await registry.RefreshAsync(cancellation);
        context.Response.Headers.Location = Named(added).Schema;
        return Answer(added, StatusCodes.Status201Created);
    }

    private static JsonHttpResult<RegisteredType> Answer(EventTypeVersion version, int status) =>
        TypedResults.Json(Named(version), ProfileJson.Default.RegisteredType, statusCode: status);

    private static ProblemHttpResult Incompatible(int version, FieldErrors errors) => Problem.Of(
        StatusCodes.Status409Conflict, "schema-incompatible",
        string.Create(
            CultureInfo.InvariantCulture,
            $"Version {version} takes events that this schema refuses; loosen what is listed under errors, or register another name."),
        errors.Found);

    private static ProblemHttpResult NotAdded(int typesMax) => Problem.Of(
        StatusCodes.Status409Conflict, "event-type-not-registered",
        string.Create(CultureInfo.InvariantCulture, $"Somebody registered a version at the same moment (send it again), or there are {typesMax} types."));

    [GeneratedRegex(@"^(?! )[^/\p{Cc}]{1,100}(?<! )\z")]
    private static partial Regex Name();
}
