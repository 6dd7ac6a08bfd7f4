using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>What is in force, for every channel and purpose that the brand asks for and every other that was decided.</summary>
internal sealed record CustomerConsents(IReadOnlyList<ConsentShown> Consents);

/// <param name="Status">unknown, pending, granted, withdrawn or expired.</param>
internal sealed record ConsentShown(
    string Channel, string Purpose, string Status, string? Wording, int? WordingVersion, DateTimeOffset? ChangedAt, DateTimeOffset? ExpiresAt, long? Version);

/// <summary>Every decision with its evidence, the newest first. Those of a customer who was merged into this one stay under that one's id.</summary>
/// <param name="Next">For the parameter <c>before</c> of the next page; null on the last.</param>
internal sealed record ConsentHistory(IReadOnlyList<ConsentDecided> Decisions, string? Next);

/// <param name="Status">pending, granted, withdrawn or expired; unknown for what went back with another customer.</param>
/// <param name="Source">The touchpoint; merge for what changed because customers were merged or parted.</param>
/// <param name="Evidence">Null for an expiry, and for what was told before evidence was kept.</param>
/// <param name="Origin">The merged customer who decided, and under whose id the evidence is; null where it was this one.</param>
internal sealed record ConsentDecided(
    string Channel, string Purpose, string Status, string? Wording, string? Source, DateTimeOffset DecidedAt, DateTimeOffset RecordedAt,
    DateTimeOffset? ExpiresAt, long Version, EvidenceShown? Evidence, Guid? Origin = null);

/// <summary>Personal parts are masked unless the caller has the scope <c>personal</c>, and null when the customer was erased.</summary>
/// <param name="OptIn">The request that is, or was, to be confirmed.</param>
internal sealed record EvidenceShown(
    string Method, string? Form, int? WordingVersion, string? WordingLanguage, string? TakenBy, string? IpAddress, string? UserAgentHash, Guid? OptIn);

/// <summary>Reads a customer's consents, and what proves them.</summary>
internal static class ViewConsents
{
    private const string Unknown = "unknown";
    private const string Merged = "merge";

    private static readonly string[] Events =
    [
        "profile.consent-changed.v1", "profile.consent-changed.v2", "profile.opt-in-requested.v1", "profile.consent-expired.v1",
        "profile.consent-moved.v1", "profile.consent-forgotten.v1",
    ];

    public static void Map(WebApplication app)
    {
        app.MapGet("/v1/customers/{id:guid}/consents", ReadAsync).RequireApiKey("read");
        app.MapGet("/v1/customers/{id:guid}/consents/history", ReadHistoryAsync).RequireApiKey("read");
    }

    private static async Task<IResult> ReadAsync(
        Guid id, [FromKeyedServices(Module.Name)] ServiceRuntime profile, ConsentSettings settings, Identities identities, CancellationToken cancellation)
    {
        id = (await identities.RootsAsync([id], cancellation)).GetValueOrDefault(id, id);
        if (await profile.StateAsync(CustomerProfile.Kind, id, cancellation) is not { Registered: true } customer)
            return Problem.NotFound("There is no customer with this id.");
        if (customer.Erasure is not null)
            return new CustomerErased().ToProblem(StatusCodes.Status410Gone);
        var asked = settings.Purposes.SelectMany(p => settings.Channels.Select(c => (Channel: c, Purpose: p.Name)));
        var unknown = asked.Where(a => customer.Consents.Find(a.Channel, a.Purpose) is null)
            .Select(a => new ConsentShown(a.Channel, a.Purpose, Unknown, null, null, null, null, null));
        var known = customer.Consents.Select(c => new ConsentShown(
            c.Channel, c.Purpose, Word(c.Status), c.Wording, OrNull(c.WordingVersion), c.ChangedAt, c.ExpiresAt, c.Version));
        var all = known.Concat(unknown).OrderBy(c => c.Channel, StringComparer.Ordinal).ThenBy(c => c.Purpose, StringComparer.Ordinal);
        return TypedResults.Json(new CustomerConsents([.. all]), ConsentJson.Default.CustomerConsents);
    }

    private static async Task<IResult> ReadHistoryAsync(
        HttpContext context, Guid id, int? before, [FromKeyedServices(Module.Name)] ServiceRuntime profile, CustomerVault vault,
        CancellationToken cancellation)
    {
        if (await profile.StateAsync(CustomerProfile.Kind, id, cancellation) is { Erasure: not null })
            return new CustomerErased().ToProblem(StatusCodes.Status410Gone);
        var events = await CustomerHistory.ReadAsync(profile, id, Events, before, cancellation);
        var keys = await vault.GetAsync([id], cancellation);
        var open = new Opened(keys.GetValueOrDefault(id), context.MaySeePersonal());
        return TypedResults.Json(
            new ConsentHistory([.. events.Select(e => Tell(e, open))], CustomerHistory.NextOf(events)), ConsentJson.Default.ConsentHistory);
    }

    private static ConsentDecided Tell(PastEvent past, Opened open) => past.Event switch
    {
        ConsentChanged it => new ConsentDecided(
            it.Channel, it.Purpose, Word(it.Granted ? ConsentStatus.Granted : ConsentStatus.Withdrawn), it.Wording, it.Source, it.ChangedAt, past.RecordedAt,
            it.ExpiresAt, it.Version, open.Evidence(it.Evidence, it.Evidence?.OptIn), it.Origin),
        OptInRequested it => new ConsentDecided(
            it.Channel, it.Purpose, Word(ConsentStatus.Pending), it.Wording, it.Source, it.DecidedAt, past.RecordedAt, it.ExpiresAt, it.Version,
            open.Evidence(it.Evidence, it.Request), it.Origin),
        ConsentExpired it => new ConsentDecided(
            it.Channel, it.Purpose, Word(ConsentStatus.Expired), null, null, it.ExpiredAt, past.RecordedAt, null, it.Version, null),
        ConsentMoved { Consent: var it } moved => new ConsentDecided(
            it.Channel, it.Purpose, Word(it.Status), it.Wording, Merged, it.ChangedAt, past.RecordedAt, it.ExpiresAt, it.Version,
            open.Evidence(moved.Evidence, null), it.Origin),
        ConsentForgotten it => new ConsentDecided(
            it.Channel, it.Purpose, Unknown, null, Merged, it.ChangedAt, past.RecordedAt, null, it.Version, null),
        _ => throw new System.Diagnostics.UnreachableException($"{past.Event.GetType().Name} tells nothing of consents."),
    };

    internal static string Word(ConsentStatus status) => status switch
    {
        ConsentStatus.Pending => "pending",
        ConsentStatus.Granted => "granted",
        ConsentStatus.Withdrawn => "withdrawn",
        ConsentStatus.Expired => "expired",
        _ => throw new System.Diagnostics.UnreachableException($"{status} has no word."),
    };

    private static int? OrNull(int version) => version == 0 ? null : version;

    /// <param name="Key">Null when it was destroyed.</param>
    private sealed record Opened(CustomerKey? Key, bool Personal)
    {
        public EvidenceShown? Evidence(ConsentEvidence? evidence, Guid? optIn) => evidence is null ? null : new EvidenceShown(
            Word(evidence.Method), Or(evidence.Form), OrNull(evidence.WordingVersion), Or(evidence.WordingLanguage),
            Open(evidence.TakenBy, ToldEvidence.TakenByField), Open(evidence.Address, ToldEvidence.AddressField),
            Open(evidence.Agent, ToldEvidence.AgentField), optIn);

        private string? Open(string? sealedText, string field) =>
            sealedText is null || Key is null ? null : Personal ? Key.Unseal(sealedText, field) : "***";

        private static string? Or(string text) => text.Length == 0 ? null : text;

        private static string Word(ConsentMethod method) => method switch
        {
            ConsentMethod.Unspecified => "not told",
            ConsentMethod.Form => "form",
            ConsentMethod.Pos => "pos",
            ConsentMethod.Import => "import",
            ConsentMethod.Link => "link",
            ConsentMethod.DoubleOptIn => "double opt-in",
            _ => throw new System.Diagnostics.UnreachableException($"{method} has no word."),
        };
    }
}
