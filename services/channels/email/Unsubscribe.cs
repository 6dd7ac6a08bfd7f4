using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Channels.Email;

/// <summary>
/// Where the link of a mail leads: GET asks, POST withdraws, also without a person (one-click, RFC 8058). The own gate is shut first, then
/// profile is told. A repeat is safe.
/// </summary>
internal static class Unsubscribe
{
    private const string Field = "List-Unsubscribe";
    private const string OneClick = "One-Click";
    private const string NoStore = "no-store";
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(20);

    public static void Map(WebApplication app)
    {
        var runtime = app.Services.PatronService(Module.Name);
        string[] proved = [UnsubscribeLink.Customer, UnsubscribeLink.ConsentPurpose, UnsubscribeLink.Recipient];

        app.MapGet(UnsubscribeLink.Path, (HttpContext context, Templates templates, [FromQuery(Name = UnsubscribeLink.Language)] string? language) =>
            Page(context, templates, language, done: false, StatusCodes.Status200OK))
            .RequireSignedLink(UnsubscribeLink.Purpose, LinkTime.Business, proved);

        app.MapPost(UnsubscribeLink.Path, async (
            HttpContext context, Templates templates, Withdrawals withdrawals,
            [FromQuery(Name = UnsubscribeLink.Customer)] Guid customer,
            [FromQuery(Name = UnsubscribeLink.ConsentPurpose)] string purpose,
            [FromQuery(Name = UnsubscribeLink.Recipient)] string recipient,
            [FromQuery(Name = UnsubscribeLink.Language)] string? language,
            CancellationToken cancellation) =>
        {
            if (!await IsOneClickAsync(context.Request, cancellation))
                return (IResult)Problem.Invalid(new FieldError(Field, $"Send this form field with the value {OneClick}."));
            var (refusal, inForce) = await withdrawals.WithdrawAsync(customer, purpose, recipient, cancellation);
            return refusal is not null
                ? refusal.ToProblem(StatusCodes.Status503ServiceUnavailable)
                : Page(context, templates, language, done: true, inForce ? StatusCodes.Status200OK : StatusCodes.Status202Accepted);
        }).RequireSignedLink(UnsubscribeLink.Purpose, LinkTime.Business, proved);
    }

    private static ContentHttpResult Page(HttpContext context, Templates templates, string? language, bool done, int status)
    {
        context.Response.Headers.CacheControl = NoStore;
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        return TypedResults.Content(templates.RenderPage(language ?? "", done), "text/html; charset=utf-8", statusCode: status);
    }

    private static async Task<bool> IsOneClickAsync(HttpRequest request, CancellationToken cancellation) =>
        request.HasFormContentType && (await request.ReadFormAsync(cancellation))[Field] == OneClick;

    /// <summary>The gate's own door.</summary>
    internal sealed class Withdrawals(ServiceRuntime runtime, Gate gate, ProfileNotices notices, EmailSettings settings, TimeProvider systemTime)
    {
        /// <summary>
        /// Commits the withdrawal, then waits for mails to this recipient that are just being handed over. Not in force when one still is
        /// after the mail server's whole time to answer.
        /// </summary>
        public async Task<(Refusal? Refusal, bool InForce)> WithdrawAsync(Guid customer, string purpose, string recipient, CancellationToken cancellation)
        {
            var version = await gate.ConsentVersionAsync(customer, purpose, cancellation);
            var notice = Guid.CreateVersion7(systemTime.GetUtcNow());
            var result = await runtime.ExecuteAsync(Suppression.Unsubscribe(customer, new Unsubscribed(purpose, recipient, version, notice)), cancellation);
            if (!result.Accepted)
                return (result.Refusal, false);
            notices.Look();

            var until = systemTime.GetUtcNow() + settings.Smtp.Timeout;
            bool calling;
            while ((calling = await gate.IsCallingAsync(recipient, cancellation)) && systemTime.GetUtcNow() < until)
                await Task.Delay(LookAgainAfter, systemTime, cancellation);
            return (null, !calling);
        }
    }
}
