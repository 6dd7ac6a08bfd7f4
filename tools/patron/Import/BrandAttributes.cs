using System.Net.Http.Json;
using Patron.Profile;

namespace Patron.Tool.Import;

/// <summary>The attributes that the brand declared, asked of the server whose door the rows are to go through.</summary>
internal static class BrandAttributes
{
    public const string NotAsked =
        "Without an API key (--key, or PATRON_API_KEY) only built-in attributes are known: rows with the brand's own are called wrong.";

    private static readonly Uri Attributes = new("/v1/attributes", UriKind.Relative);

    /// <exception cref="SendingFailedException">The server does not answer, or not this key.</exception>
    public static async Task<IReadOnlyList<AttributeDefinition>> AskAsync(HttpClient http, CancellationToken cancellation)
    {
        try
        {
            using var answer = await http.GetAsync(Attributes, cancellation);
            if (!answer.IsSuccessStatusCode)
            {
                throw new SendingFailedException(
                    $"The server answered {(int)answer.StatusCode} when it was asked for its attributes; the key needs the scope 'ingest'.");
            }
            return (await answer.Content.ReadFromJsonAsync(ConsentJson.Default.AttributeList, cancellation))!.Attributes;
        }
        catch (HttpRequestException failure)
        {
            throw new SendingFailedException($"{http.BaseAddress} does not answer: {failure.Message}");
        }
    }
}
