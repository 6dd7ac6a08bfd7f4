using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Tests.Hosting;

/// <summary>A real host on a free port of the loopback interface.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    public static ApiKey IngestKey { get; } = ApiKey.Create();

    public static ApiKey MetricsKey { get; } = ApiKey.Create();

    public required WebApplication App { get; init; }

    public required HttpClient Client { get; init; }

    public static async Task<TestHost> StartAsync(
        Action<WebApplication> map, Action<WebApplicationBuilder>? add = null, params string[] settings)
    {
        var app = Build(map, add, settings);
        await app.StartAsync();
        return new TestHost { App = app, Client = new HttpClient { BaseAddress = new Uri(app.Urls.First()), Timeout = TimeSpan.FromSeconds(20) } };
    }

    public static WebApplication Build(Action<WebApplication> map, Action<WebApplicationBuilder>? add = null, params string[] settings)
    {
        string[] args =
        [
            "--Http:Port=0", "--Logging:LogLevel:Default=None", "--Logging:LogLevel:Microsoft.AspNetCore=None",
            $"--Api:Keys:till:Hash={IngestKey.Hash}", "--Api:Keys:till:Scopes:0=ingest", "--Api:Keys:till:Sources:0=pos",
            $"--Api:Keys:scraper:Hash={MetricsKey.Hash}", "--Api:Keys:scraper:Scopes:0=metrics",
            .. settings,
        ];
        var builder = PatronHost.CreateBuilder(args, "sample");
        builder.Logging.ClearProviders();
        add?.Invoke(builder);
        var app = builder.Build();
        app.MapPatronDefaults();
        map(app);
        return app;
    }

    /// <summary>Sends, checks that the answer is a problem with this status, and returns its JSON.</summary>
    public async Task<JsonNode> ProblemAsync(HttpRequestMessage request, int status)
    {
        using var response = await Client.SendAsync(request);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((int)response.StatusCode, Is.EqualTo(status));
            Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/problem+json"));
        }
        var problem = (await response.Content.ReadFromJsonAsync<JsonNode>())!;
        Assert.That(problem["status"]!.GetValue<int>(), Is.EqualTo(status));
        return problem;
    }

    public Task<JsonNode> ProblemAsync(HttpMethod method, string path, int status) => ProblemAsync(new HttpRequestMessage(method, path), status);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.DisposeAsync();
    }
}
