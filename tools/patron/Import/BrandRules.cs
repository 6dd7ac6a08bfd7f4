using System.Net.Http.Json;
using System.Text.Json.Serialization.Metadata;
using Patron.Profile;

namespace Patron.Tool.Import;

/// <summary>The attributes and wordings that the brand declared, asked of the server whose door the rows are to go through.</summary>
internal static class BrandRules
{
    public const string NotAsked =
        "Without an API key (--key, or PATRON_API_KEY) only built-in attributes are known: rows with the brand's own are called wrong.";

    /// <summary>False when there is no key to ask with.</summary>
    /// <exception cref="SendingFailedException">The server does not answer, or not this key.</exception>
    public static async Task<bool> AskAsync(
        HttpClient http, ImportArguments arguments, WordingBook wordings, AttributeRegistry attributes, CancellationToken cancellation)
    {
        if (arguments.Options.Kind != CustomerRows.Kind)
            return true;
        if (arguments.Key is null)
            return false;
        attributes.Use((await GetAsync(http, "/v1/attributes", ConsentJson.Default.AttributeList, cancellation)).Attributes);
        wordings.Use((await GetAsync(http, "/v1/wordings", ConsentJson.Default.WordingList, cancellation)).Wordings);
        return true;
    }

    private static async Task<T> GetAsync<T>(HttpClient http, string path, JsonTypeInfo<T> json, CancellationToken cancellation)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), cancellation);
            if (!answer.IsSuccessStatusCode)
            {
                throw new SendingFailedException(
                    $"The server answered {(int)answer.StatusCode} when it was asked for {path}; the key needs the scope 'ingest'.");
            }
            return (await answer.Content.ReadFromJsonAsync(json, cancellation))!;
        }
        catch (HttpRequestException failure)
        {
            throw new SendingFailedException($"{http.BaseAddress} does not answer: {failure.Message}");
        }
    }
}
