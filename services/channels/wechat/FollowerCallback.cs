using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.Hosting;

namespace Patron.Channels.WeChat;

/// <summary>
/// Where the platform tells what followers of the official account do. Each event becomes a behaviour at profile's door, which knows whose
/// openid it is, takes it once, and lets every service hear of it; the platform is answered when profile has it, and repeats its call otherwise.
/// </summary>
internal sealed partial class FollowerCallback(
    WeChatSettings settings, IHttpClientFactory clients, SystemClock clock, ILogger<FollowerCallback> log)
{
    /// <summary>The client whose base address is profile's and whose headers carry a key of the scope <c>ingest</c>.</summary>
    public const string Client = "wechat.profile";

    /// <summary>The platform cuts the connection after 5 seconds.</summary>
    public static readonly TimeSpan ProfileAnswersWithin = TimeSpan.FromSeconds(4);

    private const int BodyBytesMax = 64 * 1024;
    private const string Received = "success";

    public static void Map(IEndpointRouteBuilder app)
    {
        const string why = "The platform signs each call with the account's token.";
        app.MapGet("/v1/wechat/callback", (HttpRequest request, FollowerCallback callback) => callback.Greet(request.Query)).AllowPublic(why);
        app.MapPost("/v1/wechat/callback", (HttpRequest request, FollowerCallback callback, CancellationToken cancellation) =>
            callback.TakeAsync(request, cancellation)).AllowPublic(why).WithMetadata(new RequestSizeLimitAttribute(BodyBytesMax));
    }

    /// <summary>The platform asks once whether this is the account's server.</summary>
    private IResult Greet(IQueryCollection query) => settings.Token.Length == 0 ? NoAccount()
        : IsSigned(query, "signature") ? TypedResults.Text(query["echostr"].ToString())
        : WrongSignature();

    private async Task<IResult> TakeAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (settings.Token.Length == 0)
            return NoAccount();
        using var body = new StreamReader(request.Body, Encoding.UTF8);
        var elements = FollowerEvent.Elements(await body.ReadToEndAsync(cancellation));
        if (settings.EncodingAesKey.Length > 0)
        {
            var encrypted = elements?.GetValueOrDefault("Encrypt") ?? "";
            if (!IsSigned(request.Query, "msg_signature", encrypted))
                return WrongSignature();
            elements = CallSignature.Decrypt(encrypted, settings.EncodingAesKey, settings.AppId) is { } xml ? FollowerEvent.Elements(xml) : null;
        }
        else if (!IsSigned(request.Query, "signature"))
        {
            return WrongSignature();
        }

        try
        {
            if (elements is null)
                throw new FormatException("The body is no XML of this account.");
            if (FollowerEvent.Read(elements) is { } told)
                await TellAsync(told, cancellation);
            return TypedResults.Text(Received);
        }
        catch (FormatException wrong)
        {
            return Problem.Invalid(new FieldError("", wrong.Message));
        }
        catch (Exception fault) when (fault is HttpRequestException || (fault is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            LogPutOff(log, fault);
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, "profile-unavailable", "The event could not be handed on; send it again.");
        }
    }

    private async Task TellAsync(FollowerEvent told, CancellationToken cancellation)
    {
        var body = new JsonObject
        {
            ["specversion"] = "1.0",
            ["type"] = told.Type,
            ["source"] = "/patron/wechat",
            ["id"] = told.Id,
            ["time"] = told.Time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
            ["data"] = new JsonObject
            {
                ["customer"] = new JsonObject { ["wechatOpenid"] = told.OpenId, ["wechatAccount"] = settings.AppId },
                ["properties"] = new JsonObject(told.Properties.Select(property => KeyValuePair.Create(property.Key, (JsonNode?)property.Value))),
            },
        };
        using var client = clients.CreateClient(Client);
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue("application/cloudevents+json"));
        using var answer = await client.PostAsync(new Uri("/v1/events", UriKind.Relative), content, cancellation);
        answer.EnsureSuccessStatusCode();
    }

    private bool IsSigned(IQueryCollection query, string signature, params string[] texts)
    {
        var (timestamp, nonce) = (query["timestamp"].ToString(), query["nonce"].ToString());
        return CallSignature.IsRight(query[signature], [settings.Token, timestamp, nonce, .. texts])
            && long.TryParse(timestamp, CultureInfo.InvariantCulture, out var seconds)
            && Math.Abs(clock.GetUtcNow().ToUnixTimeSeconds() - seconds) <= settings.SignatureAge.TotalSeconds;
    }

    private static ProblemHttpResult NoAccount() => Problem.NotFound("No official account is configured: set WeChat:AppId and WeChat:Token.");

    private static ProblemHttpResult WrongSignature() => Problem.Of(
        StatusCodes.Status403Forbidden, "signature-invalid", "The signature is not that of the configured account's token, or it is too old.");

    [LoggerMessage(Level = LogLevel.Warning, Message = "Profile did not take a follower's event; the platform will repeat it.")]
    private static partial void LogPutOff(ILogger log, Exception fault);
}
