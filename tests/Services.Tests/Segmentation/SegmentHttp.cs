using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.Services.Tests.Segmentation;

/// <summary>Calls the service as its users do.</summary>
internal static class SegmentHttp
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(30);

    public static Task<JsonElement> AskAsync(this TestHost host, string what) => host.Http.GetFromJsonAsync<JsonElement>($"/v1/segmentation/{what}");

    public static async Task<(HttpStatusCode Status, JsonElement Answer)> TryAsync(this TestHost host, string what)
    {
        using var answer = await host.Http.GetAsync(new Uri($"/v1/segmentation/{what}", UriKind.Relative));
        return (answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>());
    }

    public static async Task<(HttpStatusCode Status, JsonElement Answer)> PutAsync(this TestHost host, string what, string document)
    {
        using var body = new StringContent(document, Encoding.UTF8, "application/json");
        using var answer = await host.Http.PutAsync(new Uri($"/v1/segmentation/{what}", UriKind.Relative), body);
        return (answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>());
    }

    public static async Task<JsonElement> PreviewAsync(this TestHost host, string rule)
    {
        using var body = new StringContent(rule, Encoding.UTF8, "application/json");
        using var answer = await host.Http.PostAsync(new Uri("/v1/segmentation/preview", UriKind.Relative), body);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    /// <summary>Asks until the answer is as wanted.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> isWanted)
    {
        using var deadline = new CancellationTokenSource(Within);
        var cancellation = CancellationToken.None;
        while (true)
        {
            var answer = await ask();
            if (isWanted(answer))
                return answer;
            Assert.That(deadline.IsCancellationRequested, Is.False, $"It stayed at: {answer}");
            await Task.Delay(20, cancellation);
        }
    }

    public static string[] Pointers(JsonElement problem) =>
        [.. problem.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("pointer").GetString()!)];

    public static (int Partitions, int OfPartitions) Covered(JsonElement answer) => (
        answer.GetProperty("covered").GetProperty("partitions").GetInt32(), answer.GetProperty("covered").GetProperty("ofPartitions").GetInt32());
}
