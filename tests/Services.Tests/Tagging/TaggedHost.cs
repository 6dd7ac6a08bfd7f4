using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using NUnit.Framework;
using Patron.Runtime.Processing;
using Patron.Segmentation;
using Patron.Tagging;
using Patron.Testing;

namespace Patron.Services.Tests.Tagging;

/// <summary>Tagging and segmentation in one host, asked over HTTP.</summary>
internal static class TaggedHost
{
    public static readonly Guid Anna = new("0b6f7a52-5f0e-7000-8000-000000000001");
    public static readonly Guid Ben = new("0b6f7a52-5f0e-7000-8000-000000000002");

    public static Task<TestHost> StartAsync(CancellationToken cancellation, TestDatabase? database = null) => TestHost.StartAsync(
        builder =>
        {
            builder.AddTagging();
            builder.AddSegmentation();
        },
        app =>
        {
            app.MapTagging();
            app.MapSegmentation();
        },
        cancellation,
        database);

    public static async Task<JsonElement> TagsAsync(this TestHost host, Guid customer, string language = "en") =>
        (await host.Http.GetFromJsonAsync<JsonElement>($"/v1/tagging/customers/{customer}/tags?language={language}")).GetProperty("tags");

    public static async Task<IEnumerable<string>> TagIdsAsync(this TestHost host, Guid customer) =>
        (await host.TagsAsync(customer)).EnumerateArray().Select(tag => tag.GetProperty("tag").GetString()!);

    /// <summary>The only assignment of the customer's tag.</summary>
    public static async Task<JsonElement> AssignmentAsync(this TestHost host, Guid customer, string tag) =>
        (await host.TagsAsync(customer)).EnumerateArray().Single(held => held.GetProperty("tag").GetString() == tag)
            .GetProperty("assignments").EnumerateArray().Single();

    public static async Task<IReadOnlyList<TimelineEntry>> TimelineAsync(this TestHost host, Guid customer) =>
        (await host.Http.GetFromJsonAsync($"/v1/tagging/customers/{customer}/timeline", StoryJson.Default.IReadOnlyListTimelineEntry))!;

    public static Task<(HttpStatusCode Status, JsonElement Answer)> TagAsync(this TestHost host, Guid customer, string tag, string body = "") =>
        host.SendAsync(HttpMethod.Put, $"/v1/tagging/customers/{customer}/tags/{tag}", body);

    public static Task<(HttpStatusCode Status, JsonElement Answer)> NodeAsync(this TestHost host, string id, string body) =>
        host.SendAsync(HttpMethod.Put, $"/v1/tagging/taxonomy/{id}", body);

    public static Task<(HttpStatusCode Status, JsonElement Answer)> SegmentAsync(this TestHost host, string name, string body) =>
        host.SendAsync(HttpMethod.Put, $"/v1/segmentation/segments/{name}", body);

    public static async Task<(HttpStatusCode Status, JsonElement Answer)> SendAsync(
        this TestHost host, HttpMethod method, string path, string body = "", string type = "application/json")
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body.Length > 0)
            request.Content = new StringContent(body, Encoding.UTF8, type);
        using var answer = await host.Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, JsonDocument.Parse(text).RootElement);
    }

    public static string[] Faults(this JsonElement problem) =>
        [.. problem.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("pointer").GetString()!)];

    public static string Code(this JsonElement problem) => problem.GetProperty("type").GetString()!.Split('/')[^1];

    public static void MustBe(this (HttpStatusCode Status, JsonElement Answer) answer, HttpStatusCode status) =>
        Assert.That(answer.Status, Is.EqualTo(status), answer.Answer.GetRawText());
}
