using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Patron.Runtime.Privacy;

namespace Patron.Services.Tests.Privacy;

/// <summary>
/// A key management service over real HTTP with the API of Vault's transit engine, as far as it is used: encrypt, decrypt and read a key. A key's
/// versions are kept, so that what a former one wrapped can be opened.
/// </summary>
internal sealed class TransitEngine : IAsyncDisposable
{
    public const string Token = "s.0123456789";

    private readonly List<byte[]> versions = [RandomNumberGenerator.GetBytes(SealedBox.KeyBytes)];
    private readonly WebApplication app;

    private TransitEngine(WebApplication app) => this.app = app;

    /// <summary>How many keys each call was about, in order.</summary>
    public ConcurrentQueue<(string Verb, int Keys)> Calls { get; } = new();

    /// <summary>Answers nothing any more, without closing connections.</summary>
    public bool Hangs { get; set; }

    public Uri Address { get; private set; } = null!;

    public static async Task<TransitEngine> StartAsync(CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var engine = new TransitEngine(builder.Build());
        engine.app.Urls.Add("http://127.0.0.1:0");
        engine.app.MapGet("/v1/transit/keys/patron", engine.AnswerKeyAsync);
        engine.app.MapPost("/v1/transit/{verb}/patron", engine.AnswerAsync);
        await engine.app.StartAsync(cancellation);
        engine.Address = new Uri(engine.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return engine;
    }

    public void Rotate() => versions.Add(RandomNumberGenerator.GetBytes(SealedBox.KeyBytes));

    public HttpClient Connect()
    {
        var client = new HttpClient { BaseAddress = new Uri(Address, "/"), Timeout = TimeSpan.FromSeconds(2) };
        client.DefaultRequestHeaders.Add("X-Vault-Token", Token);
        return client;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AnswerKeyAsync(HttpContext context)
    {
        if (await IsRefusedAsync(context))
            return;
        await context.Response.WriteAsJsonAsync(new JsonObject { ["data"] = new JsonObject { ["latest_version"] = versions.Count } });
    }

    private async Task AnswerAsync(HttpContext context, string verb)
    {
        if (await IsRefusedAsync(context))
            return;
        var batch = (await JsonNode.ParseAsync(context.Request.Body))!["batch_input"]!.AsArray();
        Calls.Enqueue((verb, batch.Count));
        var results = new JsonArray([.. batch.Select(item => verb == "encrypt" ? Encrypt(item!) : Decrypt(item!))]);
        if (results.Any(r => r!["error"] is not null))
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
        await context.Response.WriteAsJsonAsync(new JsonObject { ["data"] = new JsonObject { ["batch_results"] = results } });
    }

    private async Task<bool> IsRefusedAsync(HttpContext context)
    {
        if (Hangs)
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (context.Request.Headers["X-Vault-Token"] == Token)
            return false;
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        await context.Response.WriteAsJsonAsync(new JsonObject { ["errors"] = new JsonArray("permission denied") });
        return true;
    }

    private JsonObject Encrypt(JsonNode item)
    {
        var box = SealedBox.Seal(versions[^1], Convert.FromBase64String((string)item["plaintext"]!), Bound(item));
        return new JsonObject { ["ciphertext"] = string.Create(CultureInfo.InvariantCulture, $"vault:v{versions.Count}:{Convert.ToBase64String(box)}") };
    }

    private JsonObject Decrypt(JsonNode item)
    {
        try
        {
            var parts = ((string)item["ciphertext"]!).Split(':');
            var key = versions[int.Parse(parts[1][1..], CultureInfo.InvariantCulture) - 1];
            return new JsonObject { ["plaintext"] = Convert.ToBase64String(SealedBox.Open(key, Convert.FromBase64String(parts[2]), Bound(item))) };
        }
        catch (Exception fault) when (fault is CryptographicException or FormatException or IndexOutOfRangeException)
        {
            return new JsonObject { ["error"] = "cipher: message authentication failed" };
        }
    }

    private static byte[] Bound(JsonNode item) => Convert.FromBase64String((string?)item["associated_data"] ?? "");
}
