using System.Text.RegularExpressions;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

internal sealed record WordingList(IReadOnlyList<WordingText> Wordings);

internal sealed record WordingGiven(string? Title, string? Text);

/// <summary>A brand registers what people are shown. A version can get further languages; a text that stands is never replaced.</summary>
internal static partial class RegisterWording
{
    private const int VersionMax = 1_000_000;
    private const int TitleCharactersMax = 200;
    private const int TextCharactersMax = 4_000;

    public static void Map(WebApplication app)
    {
        app.MapGet("/v1/wordings", (WordingBook book) => TypedResults.Json(
            new WordingList([.. book.All.OrderBy(t => (t.Wording, t.Version, t.Language))]), ConsentJson.Default.WordingList)).RequireApiKey("read");
        app.MapPut("/v1/wordings/{wording}/{version:int}/{language}", RegisterAsync).RequireApiKey("write");
    }

    private static async Task<IResult> RegisterAsync(
        HttpContext context, string wording, int version, string language, WordingGiven given, WordingBook book, CancellationToken cancellation)
    {
        var text = new WordingText(wording, version, language, given.Title?.Trim() ?? "", given.Text?.Trim() ?? "");
        if (FaultsOf(text) is { Count: > 0 } faults)
            return Problem.Invalid(faults);
        return await book.AddAsync(text, context.GetApiCaller().Name, cancellation)
            ? TypedResults.Json(text, ConsentJson.Default.WordingText)
            : Problem.Of(
                StatusCodes.Status409Conflict, "wording-fixed",
                "This version has another text in this language, which people may have agreed to; register the new text as the next version.");
    }

    private static List<FieldError> FaultsOf(WordingText text)
    {
        var faults = new List<FieldError>();
        if (!Name().IsMatch(text.Wording))
            faults.Add(new FieldError("wording", "A wording's name has 1 to 128 letters, digits, dots and hyphens."));
        if (text.Version is < 1 or > VersionMax)
            faults.Add(new FieldError("version", $"A version is from 1 to {VersionMax}."));
        if (Normal.Language(text.Language) != text.Language)
            faults.Add(new FieldError("language", "This is not a language tag of BCP 47 as it is usually written, such as zh-Hant."));
        if (text.Title.Length is 0 or > TitleCharactersMax)
            faults.Add(new FieldError("/title", $"Give a title of 1 to {TitleCharactersMax} characters."));
        if (text.Text.Length is 0 or > TextCharactersMax)
            faults.Add(new FieldError("/text", $"Give the text, 1 to {TextCharactersMax} characters."));
        return faults;
    }

    [GeneratedRegex(@"^[A-Za-z0-9.-]{1,128}\z")]
    private static partial Regex Name();
}
