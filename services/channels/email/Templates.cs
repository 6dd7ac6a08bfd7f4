using System.Collections.Concurrent;
using System.Reflection;
using HandlebarsDotNet;

namespace Patron.Channels.Email;

/// <summary>Who is addressed, in clear.</summary>
/// <param name="Language">BCP 47; empty when it is not known.</param>
internal sealed record Addressee(string GivenName, string FamilyName, string Language)
{
    /// <summary>Chinese and Japanese write the family name first, with nothing between, and address a person by the whole name.</summary>
    public string Name => Templates.LanguageOf(Language) is "zh-Hant" or "zh-Hans" or "ja" ? FamilyName + GivenName : GivenName;

    /// <summary>As it stands before an address.</summary>
    public string FullName => Templates.LanguageOf(Language) is "zh-Hant" or "zh-Hans" or "ja" ? FamilyName + GivenName : $"{GivenName} {FamilyName}".Trim();
}

/// <summary>Where a mail leads. An empty one is left out.</summary>
/// <param name="Confirm">Only in a mail that asks for confirmation.</param>
internal sealed record MailLinks(string Unsubscribe, string Preferences, string Confirm);

/// <summary>
/// The mails' wording: Handlebars templates in the assembly, a file per template and language. The first line is the subject; the
/// sections <c>=== text</c> and <c>=== html</c> follow. Values are escaped in HTML and nowhere else.
/// </summary>
internal sealed class Templates
{
    private const string Fallback = "en";
    private const string Frame = "frame";
    private const string UnsubscribePage = "unsubscribe";
    private static readonly string[] Languages = ["en", "zh-Hant", "zh-Hans", "ja", "de", "fr"];

    private readonly IHandlebars plain = Handlebars.Create(new HandlebarsConfiguration { NoEscape = true });
    private readonly IHandlebars html = Handlebars.Create();
    private readonly ConcurrentDictionary<(string Template, string Language), Compiled?> compiled = new();

    /// <summary>The closest language in which the templates are written.</summary>
    public static string LanguageOf(string tag)
    {
        var parts = tag.Split('-', '_');
        if (!parts[0].Equals("zh", StringComparison.OrdinalIgnoreCase))
            return Languages.FirstOrDefault(l => l.Equals(parts[0], StringComparison.OrdinalIgnoreCase), Fallback);
        // Without a script the region tells it.
        var traditional = parts.Skip(1).Any(p => p.ToUpperInvariant() is "HANT" or "TW" or "HK" or "MO");
        return traditional && !parts.Contains("Hans", StringComparer.OrdinalIgnoreCase) ? "zh-Hant" : "zh-Hans";
    }

    /// <summary>Null when there is no such template.</summary>
    /// <exception cref="HandlebarsException">The template cannot be rendered.</exception>
    public MailContent? Render(string template, Addressee addressee, IReadOnlyDictionary<string, string> data, MailLinks links)
    {
        var language = LanguageOf(addressee.Language);
        if (template is Frame or UnsubscribePage || Find(template, language) is not { } body)
            return null;
        var values = new Dictionary<string, string>(data)
        {
            ["given_name"] = addressee.GivenName,
            ["family_name"] = addressee.FamilyName,
            ["name"] = addressee.Name,
        };
        if (links.Confirm.Length > 0)
            values["confirm"] = links.Confirm;
        var subject = body.Subject(values);
        var frame = Find(Frame, language)!;
        var (text, page) = (FrameOf(body.Text(values)), FrameOf(body.Html(values)));
        return new MailContent(subject, frame.Text(text), frame.Html(page));

        Dictionary<string, string> FrameOf(string inside) => new()
        {
            ["subject"] = subject,
            ["body"] = inside,
            ["unsubscribe"] = links.Unsubscribe,
            ["preferences"] = links.Preferences,
            ["confirm"] = links.Confirm,
        };
    }

    /// <summary>The page behind a mail's link: a question, or the answer once done.</summary>
    public string RenderPage(string language, bool done) =>
        Find(UnsubscribePage, LanguageOf(language))!.Html(new Dictionary<string, string> { ["done"] = done ? "yes" : "" });

    private Compiled? Find(string template, string language) =>
        compiled.GetOrAdd((template, language), key => Read(key.Template, key.Language) is { } source ? Compile(source) : null)
        ?? (language == Fallback ? null : Find(template, Fallback));

    private static string? Read(string template, string language)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"templates/{template}/{language}");
        if (stream is null)
            return null;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    private Compiled Compile(string source)
    {
        var parts = source.Split(["\n=== text\n", "\n=== html\n"], StringSplitOptions.None);
        return parts.Length == 3
            ? new Compiled(plain.Compile(parts[0]), plain.Compile(parts[1].TrimEnd()), html.Compile(parts[2].TrimEnd()))
            : throw new InvalidDataException("A template needs a subject, '=== text' and '=== html'.");
    }

    private sealed class Compiled(
        HandlebarsTemplate<object, object> subject, HandlebarsTemplate<object, object> text, HandlebarsTemplate<object, object> html)
    {
        public string Subject(object values) => subject(values).Trim();

        public string Text(object values) => text(values);

        public string Html(object values) => html(values);
    }
}
