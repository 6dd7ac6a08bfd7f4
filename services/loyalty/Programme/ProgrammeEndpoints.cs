using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>A version of the programme without its document.</summary>
/// <param name="EffectiveFrom">Null for the first, which has always been in force.</param>
internal sealed record VersionShown(int Version, DateTimeOffset? EffectiveFrom, DateTimeOffset PutAt, string PutBy);

/// <param name="EffectiveUntil">When the next one that is known comes into force; null when none is.</param>
/// <param name="Summary">The rules in sentences.</param>
internal sealed record ProgrammeShown(
    int Version, DateTimeOffset? EffectiveFrom, DateTimeOffset? EffectiveUntil, DateTimeOffset PutAt, string PutBy, IReadOnlyList<string> Summary,
    JsonElement Document);

/// <param name="Summary">The rules in sentences.</param>
internal sealed record ProgrammeChecked(int Version, int NextVersion, IReadOnlyList<string> Summary);

/// <summary>The programme in force, its versions, and a new one. The body of a new version is the document itself.</summary>
internal static class ProgrammeEndpoints
{
    private const string SchemaType = "application/schema+json";

    public static void Map(IEndpointRouteBuilder loyalty)
    {
        loyalty.MapGet("/programme", ShowAsync).RequireApiKey("read");
        loyalty.MapGet("/programme/schema", Schema).RequireApiKey("read");
        loyalty.MapGet("/programme/versions", ListAsync).RequireApiKey("read");
        loyalty.MapGet("/programme/versions/{version:int}", ShowVersionAsync).RequireApiKey("read");
        loyalty.MapPost("/programme/check", CheckAsync).RequireApiKey("operate").WithMetadata(new RequestSizeLimitAttribute(ProgrammeReader.BytesMax));
        loyalty.MapPut("/programme/versions/{version:int}", PutAsync).RequireApiKey("operate")
            .WithMetadata(new RequestSizeLimitAttribute(ProgrammeReader.BytesMax));
    }

    /// <summary>The version of a moment, now without one.</summary>
    private static async Task<JsonHttpResult<ProgrammeShown>> ShowAsync(
        DateTimeOffset? at, ProgrammeBook book, BusinessClock clock, CancellationToken cancellation)
    {
        var versions = await book.LoadedAsync(cancellation);
        return Show(book, versions.At(at ?? clock.GetUtcNow()).Version);
    }

    private static async Task<Results<JsonHttpResult<ProgrammeShown>, ProblemHttpResult>> ShowVersionAsync(
        int version, ProgrammeBook book, CancellationToken cancellation)
    {
        await book.RefreshAsync(cancellation);
        return book.Stored.Any(stored => stored.Version == version)
            ? Show(book, version)
            : Problem.NotFound($"There is no version {version} of the programme.");
    }

    private static async Task<JsonHttpResult<IReadOnlyList<VersionShown>>> ListAsync(ProgrammeBook book, CancellationToken cancellation)
    {
        await book.RefreshAsync(cancellation);
        return TypedResults.Json<IReadOnlyList<VersionShown>>([.. book.Stored.Select(Named)], LoyaltyJson.Default.IReadOnlyListVersionShown);
    }

    private static ContentHttpResult Schema()
    {
        using var inside = new StreamReader(typeof(Programme).Assembly.GetManifestResourceStream("programme.schema.json")!);
        return TypedResults.Content(inside.ReadToEnd(), SchemaType, Encoding.UTF8);
    }

    /// <summary>Changes nothing: says what is wrong with a document, or in sentences what its rules are.</summary>
    private static async Task<Results<JsonHttpResult<ProgrammeChecked>, ProblemHttpResult>> CheckAsync(
        HttpRequest request, ProgrammeBook book, CancellationToken cancellation)
    {
        await book.RefreshAsync(cancellation);
        return ProgrammeReader.TryRead(await TextAsync(request, cancellation), out var faults) is { } programme
            ? TypedResults.Json(
                new ProgrammeChecked(programme.Version, book.Versions.Latest + 1, ProgrammeSummary.Of(programme)), LoyaltyJson.Default.ProgrammeChecked)
            : Problem.Invalid(faults);
    }

    /// <summary>The same document for the same moment under the same number answers again what was put, so a retry is safe.</summary>
    private static async Task<IResult> PutAsync(
        int version, DateTimeOffset? effectiveFrom, HttpContext context, ProgrammeBook book, BusinessClock clock,
        [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CancellationToken cancellation)
    {
        var text = await TextAsync(context.Request, cancellation);
        if (ProgrammeReader.TryRead(text, out var faults) is not { } programme)
            return Problem.Invalid(faults);
        await book.RefreshAsync(cancellation);
        var from = effectiveFrom?.ToUniversalTime();
        if (book.Stored.FirstOrDefault(stored => stored.Version == version) is { } known)
            return known.Document == text && known.EffectiveFrom == from ? Answer(known, StatusCodes.Status200OK) : Taken(book.Versions.Latest);
        var errors = WrongPlace(version, programme, from, book.Versions.Latest + 1, clock.GetUtcNow()).ToList();
        if (errors.Count > 0)
            return Problem.Invalid(errors);

        var added = new StoredVersion(version, from, text, clock.GetUtcNow(), context.GetApiCaller().Name);
        if (!await ProgrammeTable.TryAddAsync(runtime.Database, added, cancellation))
            return Taken(version);
        await book.RefreshAsync(cancellation);
        context.Response.Headers.Location = string.Create(CultureInfo.InvariantCulture, $"/v1/loyalty/programme/versions/{version}");
        return Answer(added, StatusCodes.Status201Created);
    }

    private static IEnumerable<FieldError> WrongPlace(int version, Programme programme, DateTimeOffset? from, int next, DateTimeOffset now)
    {
        if (version != next)
            yield return new("version", $"The next version is {next}: put it there, so that nobody's change is written over unseen.");
        if (programme.Version != version)
            yield return new("/version", $"The document says another version than the address: write {next}.");
        var earliest = now + ProgrammeBook.Lead;
        if (from is null || from < earliest)
        {
            yield return new(
                "effectiveFrom",
                $"This must be a moment from {earliest:yyyy-MM-ddTHH:mm:ssZ} on, such as {now.AddDays(1):yyyy-MM-ddTHH:mm:ssZ}: what was bought before "
                + "keeps its rules.");
        }
    }

    private static JsonHttpResult<ProgrammeShown> Show(ProgrammeBook book, int version)
    {
        var stored = book.Stored.First(known => known.Version == version);
        var place = book.Versions.All.Select(known => known.Programme.Version).ToList().IndexOf(version);
        var next = book.Versions.All.Skip(place + 1).FirstOrDefault();
        using var document = JsonDocument.Parse(stored.Document);
        var shown = new ProgrammeShown(
            version, stored.EffectiveFrom, next?.EffectiveFrom, stored.PutAt, stored.PutBy, ProgrammeSummary.Of(book.Versions.All[place].Programme),
            document.RootElement.Clone());
        return TypedResults.Json(shown, LoyaltyJson.Default.ProgrammeShown);
    }

    private static VersionShown Named(StoredVersion stored) => new(stored.Version, stored.EffectiveFrom, stored.PutAt, stored.PutBy);

    private static JsonHttpResult<VersionShown> Answer(StoredVersion stored, int status) =>
        TypedResults.Json(Named(stored), LoyaltyJson.Default.VersionShown, statusCode: status);

    private static ProblemHttpResult Taken(int latest) => Problem.Of(
        StatusCodes.Status409Conflict, "programme-version-taken",
        string.Create(
            CultureInfo.InvariantCulture,
            $"This version was put already and never changes. Read version {latest}, carry your change over and put it as version {latest + 1}."));

    public static async Task<string> TextAsync(HttpRequest request, CancellationToken cancellation)
    {
        using var reader = new StreamReader(request.Body, Encoding.UTF8);
        return await reader.ReadToEndAsync(cancellation);
    }
}
