using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Segmentation.Personas;

/// <summary>A persona as it stands, and the last day's measurement if there is one.</summary>
internal sealed record PersonaLine(StoredPersona Persona, DayMeasurement? Latest);

/// <summary>A persona with what it describes said in words, its versions, and what a measurement says at this moment.</summary>
/// <param name="Versions">Ascending; the last is in force.</param>
internal sealed record PersonaAnswer(string Name, string Describes, IReadOnlyList<StoredPersona> Versions, Measurement Now);

internal sealed record PersonaPut(string Name, int Version, string Describes);

/// <summary>Personas over HTTP.</summary>
internal static class PersonaEndpoints
{
    private const int PersonasMax = 200;
    private const int DaysUsual = 90;

    public static void Map(RouteGroupBuilder routes)
    {
        routes.MapPut("/personas/{name}", PutAsync).RequireApiKey("operate").WithMetadata(new RequestSizeLimitAttribute(RuleReader.BytesMax));
        routes.MapGet("/personas", AllAsync);
        routes.MapGet("/personas/{name}", OneAsync);
        routes.MapGet("/personas/{name}/history", HistoryAsync);
    }

    /// <summary>
    /// Puts a version of a persona. The same document again is the same version, so a retry is safe; of two that are put at once one is refused.
    /// </summary>
    private static async Task<IResult> PutAsync(
        string name, HttpContext context, SegmentBook book, SegmentEngine engine, BusinessClock clock,
        [FromKeyedServices(Module.Name)] ServiceRuntime service, CancellationToken cancellation)
    {
        using var body = new StreamReader(context.Request.Body, Encoding.UTF8);
        var text = await body.ReadToEndAsync(cancellation);
        await book.RefreshAsync(cancellation);
        var now = clock.GetUtcNow();
        var faults = new DocumentFaults();
        var persona = new PersonaReader(engine.Catalog, engine.DayOf(now)).Read(text, faults);
        if (!PutSegment.IsName(name))
            faults.Add("name", "This must be 1 to 60 lower-case letters, digits and hyphens, such as young-parents.");
        var known = await PersonaTable.VersionsAsync(service.Database, name, cancellation) is [.., var last] ? last : null;
        if (known is null && (await PersonaTable.AllAsync(service.Database, cancellation)).Count >= PersonasMax)
            faults.Add("name", $"There are {PersonasMax} personas, and more are not possible: change one of these.");
        if (persona is null || faults.Found.Count > 0)
            return Problem.Invalid(faults.Found);

        if (known is null || PersonaTable.Document(known.Persona) != PersonaTable.Document(persona))
        {
            known = new(name, (known?.Version ?? 0) + 1, persona, now, context.GetApiCaller().Name);
            if (!await PersonaTable.TryAddAsync(service.Database, known, cancellation))
                return Problem.Of(StatusCodes.Status409Conflict, "persona-changed", "Somebody else changed this persona at the same moment: try again.");
        }

        return TypedResults.Json(
            new PersonaPut(name, known.Version, engine.Explanation.Sentence(persona.Describes)), PersonaJson.Default.PersonaPut);
    }

    private static async Task<IResult> AllAsync([FromKeyedServices(Module.Name)] ServiceRuntime service, CancellationToken cancellation)
    {
        var latest = (await PersonaTable.LatestAsync(service.Database, cancellation)).ToDictionary(measured => measured.Measurement.Persona);
        return TypedResults.Json(
            [.. (await PersonaTable.AllAsync(service.Database, cancellation)).Select(stored => new PersonaLine(stored, latest.GetValueOrDefault(stored.Name)))],
            PersonaJson.Default.IReadOnlyListPersonaLine);
    }

    private static async Task<IResult> OneAsync(
        string name, MeasurePersonas measure, SegmentEngine engine, [FromKeyedServices(Module.Name)] ServiceRuntime service,
        CancellationToken cancellation)
    {
        var versions = await PersonaTable.VersionsAsync(service.Database, name, cancellation);
        return versions.Count == 0 ? NotThere() : TypedResults.Json(
            new PersonaAnswer(
                name, engine.Explanation.Sentence(versions[^1].Persona.Describes), versions, await measure.OfAsync(versions[^1], cancellation)),
            PersonaJson.Default.PersonaAnswer);
    }

    private static async Task<IResult> HistoryAsync(
        string name, string? from, string? to, BusinessClock clock, SegmentEngine engine, [FromKeyedServices(Module.Name)] ServiceRuntime service,
        CancellationToken cancellation)
    {
        var days = DayRange.Read(from, to, engine.DayOf(clock.GetUtcNow()), DaysUsual);
        if (days.Faults.Count > 0)
            return Problem.Invalid(days.Faults);
        return (await PersonaTable.VersionsAsync(service.Database, name, cancellation)).Count == 0 ? NotThere() : TypedResults.Json(
            await PersonaTable.HistoryAsync(service.Database, name, days.From, days.To, cancellation), PersonaJson.Default.IReadOnlyListDayMeasurement);
    }

    private static ProblemHttpResult NotThere() => Problem.NotFound("There is no persona of this name.");
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Persona))]
[JsonSerializable(typeof(Measurement))]
[JsonSerializable(typeof(PersonaPut))]
[JsonSerializable(typeof(PersonaAnswer))]
[JsonSerializable(typeof(IReadOnlyList<PersonaLine>))]
[JsonSerializable(typeof(IReadOnlyList<DayMeasurement>))]
internal sealed partial class PersonaJson : JsonSerializerContext;
