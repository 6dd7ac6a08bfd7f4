using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

internal sealed record AttributeList(IReadOnlyList<AttributeDefinition> Attributes);

/// <summary>What a brand declares of an attribute; its key is in the address.</summary>
internal sealed record AttributeDeclared(
    AttributeType Type, IReadOnlyDictionary<string, string>? Labels, bool Personal = true, IReadOnlyList<string>? Values = null,
    IReadOnlyList<string>? Priority = null);

/// <summary>A brand declares an attribute of its own, or changes labels, values and priorities of one.</summary>
internal static partial class DeclareAttribute
{
    private const int AttributesMax = 200;
    private const int ListMax = 100;
    private const int TextCharactersMax = 200;

    public static void Map(WebApplication app)
    {
        app.MapGet("/v1/attributes", (AttributeRegistry registry) => TypedResults.Json(
                new AttributeList([.. registry.Current.All.OrderBy(a => a.Key, StringComparer.Ordinal)]), ConsentJson.Default.AttributeList))
            .RequireAnyApiKey("read", "ingest");
        app.MapPut("/v1/attributes/{key}", DeclareAsync).RequireApiKey("write");
    }

    private static async Task<IResult> DeclareAsync(
        HttpContext context, string key, AttributeDeclared declared, AttributeRegistry registry, CancellationToken cancellation)
    {
        var definition = new AttributeDefinition(
            key, declared.Type, declared.Labels ?? new Dictionary<string, string>(), declared.Personal, declared.Values, declared.Priority);
        await registry.RefreshAsync(cancellation);
        var known = registry.Current.Find(key);
        if (FaultsOf(definition) is { Count: > 0 } faults)
            return Problem.Invalid(faults);
        if (known is not null && known.Type != definition.Type)
            return Conflict("attribute-type-fixed", $"The attribute is a {known.Type} and stays one; declare another one under a new key.");
        if (known is null && registry.Current.All.Count() >= AttributesMax)
            return Conflict("too-many-attributes", string.Create(CultureInfo.InvariantCulture, $"There can be at most {AttributesMax} attributes."));
        try
        {
            await registry.DeclareAsync(definition, context.GetApiCaller().Name, cancellation);
        }
        catch (PostgresException raced) when (raced.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return Conflict("declared-meanwhile", "The attribute was declared by somebody else at the same moment; read it again and repeat this.");
        }

        return TypedResults.Json(definition, ConsentJson.Default.AttributeDefinition);
    }

    private static List<FieldError> FaultsOf(AttributeDefinition definition)
    {
        var faults = new List<FieldError>();
        if (!Key().IsMatch(definition.Key))
            faults.Add(new FieldError("key", "A key has 1 to 40 small letters, digits and underscores, and begins with a letter."));
        if (definition.Labels.Count is 0 or > ListMax || definition.Labels.Any(l => Normal.Language(l.Key) != l.Key || !IsText(l.Value)))
            faults.Add(new FieldError("/labels", "Give a label of 1 to 200 characters for at least one language, such as en, zh-Hans, zh-Hant."));
        var values = definition.Values ?? [];
        if (definition.Type == AttributeType.Choice ? values.Count is 0 or > ListMax || !values.All(IsText) : values.Count > 0)
            faults.Add(new FieldError("/values", "A choice lists 1 to 100 values of 1 to 200 characters; no other type does."));
        if (definition.Priority is { } priority && (priority.Count > ListMax || !priority.All(IsText)))
            faults.Add(new FieldError("/priority", "List at most 100 sources, such as /crm."));
        return faults;
    }

    private static bool IsText(string text) => text.Trim().Length > 0 && text.Length <= TextCharactersMax && !text.Any(char.IsControl);

    private static ProblemHttpResult Conflict(string code, string detail) => Problem.Of(StatusCodes.Status409Conflict, code, detail);

    [GeneratedRegex("^[a-z][a-z0-9_]{0,39}\\z")]
    private static partial Regex Key();
}
