using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>
/// Where the link of a mail that asks for confirmation leads: GET asks, because programs that look for harmful links open it too; POST confirms.
/// A repeat is safe.
/// </summary>
internal static class OptInPage
{
    private const string Form = "opt-in";

    public static void Map(WebApplication app)
    {
        app.MapGet(CustomerLinks.OptInPath, ShowAsync)
            .RequireSignedLink(CustomerLinks.OptInPurpose, LinkTime.Business, CustomerLinks.Token);
        app.MapPost(CustomerLinks.OptInPath, ConfirmAsync)
            .RequireSignedLink(CustomerLinks.OptInPurpose, LinkTime.Business, CustomerLinks.Token);
    }

    private static async Task<IResult> ShowAsync(
        HttpContext context, CustomerPages pages, WordingBook wordings, CustomerLinks links, BusinessClock clock, CancellationToken cancellation)
    {
        var owner = await pages.OwnerAsync(context, CustomerLinks.OptInPurpose, cancellation);
        var text = CustomerPages.TextOf(context, owner);
        if (owner is not { Profile.Registered: true, Key: not null })
            return CustomerPages.Gone(context, text);
        var consent = owner.Profile.Consents.FirstOrDefault(c => c.OptIns?.Any(o => o.Request == owner.Request) == true);
        if (consent is { Granted: true } && consent.Origin == owner.Origin)
            return Told(context, text, text.Confirmed, links, owner.Named, clock);
        var asked = consent?.OptIns!.First(o => o.Request == owner.Request);
        if (consent is not { Status: ConsentStatus.Pending or ConsentStatus.Granted } || asked!.ExpiresAt <= clock.GetUtcNow())
            return Told(context, text, text.ConfirmOver, links, owner.Named, clock, StatusCodes.Status410Gone);

        var wording = wordings.Find(asked.Wording, text.Language, asked.WordingVersion);
        var page = new CustomerPage(text, text.ConfirmTitle).Add($"<p>{text.ConfirmLead}</p>")
            .Add($"<section><h2>{wording?.Title ?? consent.Purpose} · {text.ChannelName(consent.Channel)}</h2>");
        if (wording is not null)
            page.Add($"<p>{wording.Text}</p>");
        return page.Add($"<form method=\"post\"><button name=\"do\" value=\"confirm\">{text.ConfirmButton}</button></form></section>").ToResult(context);
    }

    private static async Task<IResult> ConfirmAsync(
        HttpContext context, CustomerPages pages, CustomerLinks links, ConsentSettings settings, BusinessClock clock, CancellationToken cancellation)
    {
        if (CustomerPages.IsFromElsewhere(context.Request))
            return Problem.Of(StatusCodes.Status403Forbidden, "not-allowed", "This form was sent by another site.");
        var owner = await pages.OwnerAsync(context, CustomerLinks.OptInPurpose, cancellation);
        var text = CustomerPages.TextOf(context, owner);
        if (owner is not { Profile.Registered: true, Key: not null })
            return CustomerPages.Gone(context, text);
        var (now, evidence) = (clock.GetUtcNow(), CustomerPages.EvidenceOf(context, ConsentMethod.DoubleOptIn, Form) with { WordingLanguage = text.Language });
        var result = await pages.ExecuteAsync(
            context, CustomerLinks.OptInPurpose, owner,
            (who, customer) => ConfirmOptIn.Decide(customer, who.Request, who.Origin, now, evidence, who.Key, settings.GrantLasts), cancellation);
        return result.Refusal switch
        {
            null => Told(context, text, text.Confirmed, links, owner.Named, clock),
            OptInOver => Told(context, text, text.ConfirmOver, links, owner.Named, clock, StatusCodes.Status410Gone),
            var refusal => refusal.ToProblem(StatusCodes.Status503ServiceUnavailable),
        };
    }

    private static IResult Told(
        HttpContext context, PageText text, string sentence, CustomerLinks links, Guid customer, BusinessClock clock, int status = StatusCodes.Status200OK) =>
        new CustomerPage(text, text.Title)
            .Add($"<p role=\"status\" class=\"{(status == StatusCodes.Status200OK ? "told" : "told later")}\">{sentence}</p>")
            .Add($"<p><a href=\"{links.Preferences(customer, clock.GetUtcNow())}&{CustomerLinks.Language}={text.Language}\">{text.ToPreferences}</a></p>")
            .ToResult(context, status);
}
