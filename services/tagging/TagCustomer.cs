using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Tagging;

/// <summary>Somebody gives a customer a tag or takes it away, by hand.</summary>
internal static class TagCustomer
{
    public const int ReasonMax = 200;
    private const int BodyBytesMax = 4 * 1024;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPut("/customers/{id:guid}/tags/{**tag}", PutAsync).RequireApiKey("operate").WithMetadata(new RequestSizeLimitAttribute(BodyBytesMax));
        routes.MapDelete("/customers/{id:guid}/tags/{**tag}", DeleteAsync).RequireApiKey("operate");
    }

    /// <summary>What is wrong with when an assignment is to end, as a sentence, or null.</summary>
    public static string? WrongUntil(DateTimeOffset until, DateTimeOffset now) => until > now && until <= now.AddYears(10)
        ? null
        : "This must be a moment after now and within ten years, such as 2027-06-30T00:00:00Z.";

    public static DateTimeOffset? Moment(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) ? moment.ToUniversalTime() : null;

    /// <summary>
    /// The body may be empty or an object with <c>reason</c>, a text of 1 to 200 characters without personal data, and <c>until</c>, when it ends;
    /// otherwise the tag's own expiry counts. A retry on the same day changes nothing; on a later day the tag lasts longer.
    /// </summary>
    private static async Task<IResult> PutAsync(
        Guid id, string tag, HttpContext context, TaxonomyBook book, BusinessClock clock, [FromKeyedServices(Module.Name)] ServiceRuntime service,
        CancellationToken cancellation)
    {
        var (name, now, by) = (PutTaxonomyNode.IdOf(tag), clock.GetUtcNow(), context.GetApiCaller().Name);
        using var body = new StreamReader(context.Request.Body, Encoding.UTF8);
        var text = await body.ReadToEndAsync(cancellation);
        var faults = new DocumentFaults();
        var (reason, until) = text.Length == 0 ? ("", null) : Read(text, now, faults);
        if (faults.Found.Count > 0)
            return Problem.Invalid(faults.Found);
        await book.RefreshAsync(cancellation);
        var given = await service.ExecuteAsync(
            CustomerTags.Kind.Command(id, id, (tags, owner) => AssignTag.Ask(
                tags, book.Current, new Assignment(name, Giver.Person, by, Version: 0, reason, now)
                {
                    Until = until ?? book.Current.Tag(name)?.EndOf(now),
                    Origin = id == owner ? null : id,
                })),
            cancellation);
        return await AnswerAsync(given, id, book, service, cancellation);
    }

    /// <param name="reason">A text of at most 200 characters without personal data. A retry is safe.</param>
    private static async Task<IResult> DeleteAsync(
        Guid id, string tag, string? reason, HttpContext context, TaxonomyBook book, BusinessClock clock,
        [FromKeyedServices(Module.Name)] ServiceRuntime service, CancellationToken cancellation)
    {
        if (reason?.Length > ReasonMax)
            return Problem.Invalid(new FieldError("reason", $"This must be at most {ReasonMax} characters."));
        var (name, now, by) = (PutTaxonomyNode.IdOf(tag), clock.GetUtcNow(), context.GetApiCaller().Name);
        var taken = await service.ExecuteAsync(
            CustomerTags.Kind.Command(id, id, tags => AssignTag.Take(tags, name, by, reason ?? "", now)), cancellation);
        return await AnswerAsync(taken, id, book, service, cancellation);
    }

    private static async Task<IResult> AnswerAsync(
        CommandResult result, Guid id, TaxonomyBook book, ServiceRuntime service, CancellationToken cancellation) => result.Refusal switch
        {
            null => TypedResults.Json(
                await ReadTags.TagsAsync(service, book.Current, id, TagLanguages.English, cancellation), TaggingJson.Default.CustomerTagsAnswer),
            NoSuchTag { IsRetired: false } refusal => refusal.ToProblem(StatusCodes.Status404NotFound),
            NobodyToTag refusal => refusal.ToProblem(StatusCodes.Status410Gone),
            { } refusal => refusal.ToProblem(),
        };

    private static (string Reason, DateTimeOffset? Until) Read(string text, DateTimeOffset now, DocumentFaults faults)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                var from = new DocumentObject(document.RootElement, "", faults);
                var reason = from.Text("reason", told => told.Length is > 0 and <= ReasonMax, $"This must be a text of 1 to {ReasonMax} characters.");
                var until = from.Text("until", told => Moment(told) is not null, "This must be a moment such as 2027-06-30T00:00:00Z.");
                from.Done();
                var end = until is null ? null : Moment(until);
                if (end is { } moment && WrongUntil(moment, now) is { } wrong)
                    from.Fault("until", wrong);
                return (reason ?? "", end);
            }

            faults.Add("", "The body must be empty or an object in braces.");
        }
        catch (JsonException)
        {
            faults.Add("", "This is not JSON that can be taken.");
        }

        return ("", null);
    }
}
