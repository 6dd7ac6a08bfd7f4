using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>
/// The preference centre: customers see what they agreed to and change it, by a link of their own and without a sign-in. A form carries what was
/// shown, so that a page that was left open for long changes only what the person changed on it. A repeat is safe.
/// </summary>
internal static class PreferencePage
{
    private const string Form = "preferences";
    private const string Choice = "choice";
    private const string Was = "was";
    private const string Language = "language";
    private const string WasLanguage = "was-language";
    private const string Do = "do";
    private const string Stop = "stop";
    private const int ValuesMax = 200;

    public static void Map(WebApplication app)
    {
        app.MapGet(CustomerLinks.PreferencesPath, ShowAsync)
            .RequireSignedLink(CustomerLinks.PreferencesPurpose, LinkTime.Business, CustomerLinks.Token);
        app.MapPost(CustomerLinks.PreferencesPath, ChangeAsync)
            .RequireSignedLink(CustomerLinks.PreferencesPurpose, LinkTime.Business, CustomerLinks.Token);
    }

    private static async Task<IResult> ShowAsync(
        HttpContext context, CustomerPages pages, ConsentSettings settings, WordingBook wordings, CancellationToken cancellation)
    {
        var owner = await pages.OwnerAsync(context, CustomerLinks.PreferencesPurpose, cancellation);
        var text = CustomerPages.TextOf(context, owner);
        return owner is { Profile.Registered: true, Key: not null }
            ? PageOf(owner, text, settings, wordings, null).ToResult(context)
            : CustomerPages.Gone(context, text);
    }

    private static async Task<IResult> ChangeAsync(
        HttpContext context, CustomerPages pages, ConsentSettings settings, WordingBook wordings, ConsentDoors doors, BusinessClock clock,
        CancellationToken cancellation)
    {
        if (CustomerPages.IsFromElsewhere(context.Request))
            return Problem.Of(StatusCodes.Status403Forbidden, "not-allowed", "This form was sent by another site.");
        if (!context.Request.HasFormContentType)
            return Problem.Invalid(new FieldError("", "Send the form of the page."));
        var owner = await pages.OwnerAsync(context, CustomerLinks.PreferencesPurpose, cancellation);
        var text = CustomerPages.TextOf(context, owner);
        if (owner is not { Profile.Registered: true, Key: not null })
            return CustomerPages.Gone(context, text);

        var now = clock.GetUtcNow();
        var chosen = ChosenOf(await context.Request.ReadFormAsync(cancellation), owner.Profile, settings, Offer, now);
        var result = await pages.ExecuteAsync(
            context, CustomerLinks.PreferencesPurpose, owner,
            (who, customer) => ChangePreferences.Decide(customer, chosen, who.Origin, now, who.Key), cancellation);
        if (result.Refusal is { } refusal)
            return refusal.ToProblem(StatusCodes.Status503ServiceUnavailable);

        var withdrawn = result.Events.Select(e => e.Event).OfType<ConsentChanged>().Where(c => !c.Granted).ToList();
        var inForce = withdrawn.Count == 0 || await doors.ShutAsync(result.Events[0].Customer, withdrawn, cancellation);
        var changed = await pages.OwnerAsync(context, CustomerLinks.PreferencesPurpose, cancellation);
        var shown = CustomerPages.TextOf(context, changed);
        var told = result.Events.Count == 0 ? shown.Unchanged : inForce ? shown.SavedInForce : shown.SavedNotYet;
        return PageOf(changed, shown, settings, wordings, (told, inForce)).ToResult(
            context, inForce ? StatusCodes.Status200OK : StatusCodes.Status202Accepted);

        // What the person saw beside the box is what they agreed to.
        ToldConsent Offer(string channel, PurposeSettings purpose, bool granted) => new(
            channel, purpose.Name, granted, purpose.Wording, now,
            CustomerPages.EvidenceOf(context, ConsentMethod.Form, Form) with
            {
                WordingVersion = wordings.Find(purpose.Wording, text.Language)?.Version ?? 0,
                WordingLanguage = wordings.Find(purpose.Wording, text.Language)?.Language ?? "",
            },
            ValidFor: settings.GrantLasts(purpose.Name));
    }

    private static PreferencesChosen ChosenOf(
        IFormCollection form, CustomerProfile customer, ConsentSettings settings, Func<string, PurposeSettings, bool, ToldConsent> offer, DateTimeOffset now)
    {
        var offered = settings.Purposes.SelectMany(p => settings.Channels.Select(c => (Channel: c, Purpose: p)));
        if (form[Do] == Stop)
        {
            // Also what the brand no longer asks for.
            var others = customer.Consents.Where(c => !settings.Channels.Contains(c.Channel) || settings.Purpose(c.Purpose) is null)
                .Select(c => new ToldConsent(c.Channel, c.Purpose, false, c.Wording, now, new ToldEvidence(ConsentMethod.Form, Form)));
            return new PreferencesChosen([.. offered.Select(o => offer(o.Channel, o.Purpose, false)), .. others], null);
        }

        var (before, after) = (form[Was].Take(ValuesMax).ToHashSet(), form[Choice].Take(ValuesMax).ToHashSet());
        var changed = offered.Where(o => before.Contains(NameOf(o.Channel, o.Purpose)) != after.Contains(NameOf(o.Channel, o.Purpose)))
            .Select(o => offer(o.Channel, o.Purpose, after.Contains(NameOf(o.Channel, o.Purpose))));
        var language = PageText.All.FirstOrDefault(t => t.Language == form[Language])?.Language;
        return new PreferencesChosen([.. changed], language is not null && language != form[WasLanguage] ? language : null);
    }

    private static CustomerPage PageOf(PageOwner owner, PageText text, ConsentSettings settings, WordingBook wordings, (string Sentence, bool InForce)? told)
    {
        var page = new CustomerPage(text, text.Title).Add($"<p>{text.Lead}</p>");
        if (told is { } answer)
            page.Add($"<p role=\"status\" class=\"{(answer.InForce ? "told" : "told later")}\">{answer.Sentence}</p>");
        page.Add($"<form method=\"post\">");
        foreach (var purpose in settings.Purposes)
            AddPurpose(page, owner, purpose, text, settings, wordings);
        AddLanguage(page, owner, text);
        return page
            .Add($"<button name=\"{Do}\" value=\"save\">{text.Save}</button>")
            .Add($"</form>")
            .Add($"<form method=\"post\"><section><h2>{text.StopTitle}</h2><p>{text.StopText}</p>")
            .Add($"<button class=\"quiet\" name=\"{Do}\" value=\"{Stop}\">{text.StopButton}</button></section></form>");
    }

    private static void AddPurpose(
        CustomerPage page, PageOwner owner, PurposeSettings purpose, PageText text, ConsentSettings settings, WordingBook wordings)
    {
        var wording = wordings.Find(purpose.Wording, text.Language);
        page.Add($"<fieldset><legend>{wording?.Title ?? purpose.Name}</legend>");
        page.Add($"<p lang=\"{wording?.Language ?? text.Language}\">{wording?.Text ?? ""}</p>");
        foreach (var channel in settings.Channels)
        {
            var consent = owner.Profile!.Consents.Find(channel, purpose.Name);
            var name = NameOf(channel, purpose);
            var granted = consent is { Granted: true };
            page.AddIf(granted, $"<input type=\"hidden\" name=\"{Was}\" value=\"{name}\">")
                .Add($"<label class=\"choice\"><input type=\"checkbox\" name=\"{Choice}\" value=\"{name}\"").AddIf(granted, $" checked")
                .Add($"><span>{text.ChannelName(channel)}");
            if (Reached(owner, channel) is { } contact)
                page.Add($"<small>{contact}</small>");
            page.AddIf(consent is { Status: ConsentStatus.Pending }, $"<small>{text.Pending}</small>").Add($"</span></label>");
        }

        page.Add($"</fieldset>");
    }

    private static void AddLanguage(CustomerPage page, PageOwner owner, PageText text)
    {
        var own = owner.Known(SealedFields.Language) is { } known ? PageText.Choose(known, null, null).Language : text.Language;
        page.Add($"<section><label class=\"above\" for=\"{Language}\">{text.MessageLanguage}</label>")
            .Add($"<input type=\"hidden\" name=\"{WasLanguage}\" value=\"{own}\"><select id=\"{Language}\" name=\"{Language}\">");
        foreach (var language in PageText.All)
        {
            page.Add($"<option lang=\"{language.Language}\" value=\"{language.Language}\"").AddIf(language.Language == own, $" selected")
                .Add($">{language.LanguageName}</option>");
        }

        page.Add($"</select></section>");
    }

    private static string? Reached(PageOwner owner, string channel) => channel switch
    {
        "email" => Mask.Email(owner.Known(SealedFields.Email)),
        "sms" => Mask.Phone(owner.Known(SealedFields.Phone)),
        _ => null,
    };

    private static string NameOf(string channel, PurposeSettings purpose) => $"{channel}/{purpose.Name}";
}
