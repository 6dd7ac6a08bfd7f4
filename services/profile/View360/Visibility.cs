using System.Diagnostics;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>Who looks, by the scopes of the API key.</summary>
internal enum Role
{
    /// <summary>A shop assistant at a till or tablet: scope <c>clienteling</c>.</summary>
    Assistant,

    /// <summary>The console and other services: scope <c>read</c>.</summary>
    Reader,

    /// <summary>Whoever may see people's details in clear: scope <c>personal</c> beside one of the others.</summary>
    Personal,
}

internal enum Sight
{
    Hidden,
    Masked,
    Clear,
}

/// <summary>
/// Who sees what of a customer: the one place where it is said, and where answers are cut to it. <c>infra/visibility.md</c> shows the same table.
/// </summary>
internal static class Visibility
{
    public const string PersonalScope = "personal";

    /// <summary>The members of <see cref="CustomerView"/> and of its details, each with what the roles see of it, in the order of <see cref="Role"/>.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<Sight>> Table { get; } = new Dictionary<string, IReadOnlyList<Sight>>
    {
        ["details.givenName"] = [Sight.Clear, Sight.Masked, Sight.Clear],
        ["details.familyName"] = [Sight.Masked, Sight.Masked, Sight.Clear],
        ["details.email"] = [Sight.Masked, Sight.Masked, Sight.Clear],
        ["details.phone"] = [Sight.Masked, Sight.Masked, Sight.Clear],
        ["details.language"] = [Sight.Clear, Sight.Clear, Sight.Clear],
        ["details.timeZone"] = [Sight.Hidden, Sight.Clear, Sight.Clear],
        ["details.country"] = [Sight.Hidden, Sight.Clear, Sight.Clear],
        ["id"] = [Sight.Clear, Sight.Clear, Sight.Clear],
        ["aliases"] = [Sight.Hidden, Sight.Clear, Sight.Clear],
        ["consents"] = [Sight.Hidden, Sight.Clear, Sight.Clear],
        ["identifiers"] = [Sight.Hidden, Sight.Clear, Sight.Clear],
        ["loyalty"] = [Sight.Clear, Sight.Clear, Sight.Clear],
        ["tags"] = [Sight.Hidden, Sight.Clear, Sight.Clear],
        ["segments"] = [Sight.Hidden, Sight.Clear, Sight.Clear],
        ["insight"] = [Sight.Hidden, Sight.Clear, Sight.Clear],
        ["purchases"] = [Sight.Clear, Sight.Clear, Sight.Clear],
        ["behaviour"] = [Sight.Hidden, Sight.Clear, Sight.Clear],
        ["journeys"] = [Sight.Hidden, Sight.Clear, Sight.Clear],
        ["messages"] = [Sight.Hidden, Sight.Clear, Sight.Clear],
        ["preferences"] = [Sight.Clear, Sight.Clear, Sight.Clear],
        ["offers"] = [Sight.Clear, Sight.Clear, Sight.Clear],
        ["nextBestAction"] = [Sight.Clear, Sight.Clear, Sight.Clear],
        ["asOf"] = [Sight.Clear, Sight.Clear, Sight.Clear],
        ["freshness"] = [Sight.Clear, Sight.Clear, Sight.Clear],
    };

    public static Role ReaderOf(HttpContext context) => RoleOf(context, Role.Reader);

    public static Role AssistantOf(HttpContext context) => RoleOf(context, Role.Assistant);

    /// <summary>The view as this role sees it.</summary>
    public static CustomerView Cut(CustomerView view, Role role) => view with
    {
        Details = view.Details is { } details ? Cut(details, role) : null,
        Aliases = Seen(view.Aliases, "aliases", role),
        Consents = Seen(view.Consents, "consents", role),
        Identifiers = Seen(view.Identifiers, "identifiers", role),
        Loyalty = Seen(view.Loyalty, "loyalty", role),
        Tags = Seen(view.Tags, "tags", role),
        Segments = Seen(view.Segments, "segments", role),
        Insight = Seen(view.Insight, "insight", role),
        Purchases = Seen(view.Purchases, "purchases", role),
        Behaviour = Seen(view.Behaviour, "behaviour", role),
        Journeys = Seen(view.Journeys, "journeys", role),
        Messages = Seen(view.Messages, "messages", role),
        Preferences = Seen(view.Preferences, "preferences", role),
        Offers = Seen(view.Offers, "offers", role),
        NextBestAction = Seen(view.NextBestAction, "nextBestAction", role),
        AsOf = Seen(view.AsOf, "asOf", role),
        Freshness = Seen(view.Freshness, "freshness", role),
    };

    private static MaskedDetails Cut(MaskedDetails details, Role role) => new(
        Seen(details.GivenName, "details.givenName", role, Mask.Name),
        Seen(details.FamilyName, "details.familyName", role, Mask.Name),
        Seen(details.Email, "details.email", role, Mask.Email),
        Seen(details.Phone, "details.phone", role, Mask.Phone),
        Seen(details.Language, "details.language", role),
        Seen(details.TimeZone, "details.timeZone", role),
        Seen(details.Country, "details.country", role));

    private static T? Seen<T>(T? value, string field, Role role, Func<T?, T?>? mask = null) => Table[field][(int)role] switch
    {
        Sight.Hidden => default,
        Sight.Clear => value,
        Sight.Masked when mask is not null => mask(value),
        _ => throw new UnreachableException($"Nobody has said how {field} is masked."),
    };

    private static Role RoleOf(HttpContext context, Role otherwise) =>
        context.GetApiCaller().Scopes.Contains(PersonalScope) ? Role.Personal : otherwise;
}
