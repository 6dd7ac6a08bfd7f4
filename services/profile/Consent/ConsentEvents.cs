using System.Diagnostics;
using System.Text.Json.Serialization;
using Patron.Runtime.EventStore;

namespace Patron.Profile;

/// <summary>A grant that counts only when the person confirms it by a link that is sent to them.</summary>
/// <param name="Request">The link is about this request.</param>
/// <param name="DecidedAt">When the person said so at the touchpoint.</param>
/// <param name="RequestedAt">Business time at which it was taken; the limits of repeats go by it.</param>
[EventName("profile.opt-in-requested.v1")]
internal sealed record OptInRequested(
    Guid Request, string Channel, string Purpose, string Wording, string Source, DateTimeOffset DecidedAt, DateTimeOffset RequestedAt,
    DateTimeOffset ExpiresAt, long Version, ConsentEvidence Evidence) : ProfileEvent;

/// <summary>A grant's time is over, or nobody confirmed it.</summary>
[EventName("profile.consent-expired.v1")]
internal sealed record ConsentExpired(string Channel, string Purpose, DateTimeOffset ExpiredAt, long Version) : ProfileEvent;

/// <summary>How a consent came about. Numbers are stored, and those up to 5 are the contract's.</summary>
internal enum ConsentMethod
{
    Unspecified = 0,
    Form = 1,
    Pos = 2,
    Import = 3,
    Link = 4,
    DoubleOptIn = 5,
}

/// <summary>What proves a consent, beside who told it and when.</summary>
/// <param name="Form">Which form, page or till.</param>
/// <param name="WordingVersion">0 when the wording has no version.</param>
/// <param name="TakenBy">Who wrote it down; sealed, as are the next two.</param>
/// <param name="Address">The IP address.</param>
/// <param name="Agent">Keyed hash of the browser's name: two of them can be compared, none can be read.</param>
/// <param name="OptIn">The request that was confirmed.</param>
internal sealed record ConsentEvidence(
    ConsentMethod Method, string Form, int WordingVersion, string WordingLanguage, string? TakenBy = null, string? Address = null, string? Agent = null,
    Guid? OptIn = null);

/// <summary>What is in force. Where there is nothing, nothing is known. Numbers are stored.</summary>
internal enum ConsentStatus
{
    Pending = 1,
    Granted = 2,
    Withdrawn = 3,
    Expired = 4,
}

/// <summary>A request to confirm, in business time, and the wording that is to be confirmed.</summary>
internal sealed record OptIn(Guid Request, DateTimeOffset RequestedAt, DateTimeOffset ExpiresAt, string Wording = "", int WordingVersion = 0);

/// <summary>The newest decision on a channel and purpose.</summary>
/// <param name="Version">Of the customer's consents, when this one last changed.</param>
/// <param name="ExpiresAt">When it ends by itself; null for never.</param>
/// <param name="OptIns">The latest requests to confirm, oldest first.</param>
/// <param name="Origin">The merged customer by whose identifier it was decided; null where by this one's own.</param>
internal sealed record ConsentOf(
    string Channel, string Purpose, ConsentStatus Status, string Wording, DateTimeOffset ChangedAt, long Version, int WordingVersion = 0,
    DateTimeOffset? ExpiresAt = null, IReadOnlyList<OptIn>? OptIns = null, Guid? Origin = null)
{
    /// <summary>As many as limits can ask for.</summary>
    public const int OptInsMax = 20;

    [JsonIgnore]
    public bool Granted => Status == ConsentStatus.Granted;

    public static IReadOnlyList<ConsentOf> Evolve(IReadOnlyList<ConsentOf> consents, DomainEvent happened) => happened switch
    {
        ConsentChanged it => Replace(consents, it.Channel, it.Purpose, before => new ConsentOf(
            it.Channel, it.Purpose, it.Granted ? ConsentStatus.Granted : ConsentStatus.Withdrawn, it.Wording, it.ChangedAt, it.Version,
            it.Evidence?.WordingVersion ?? 0, it.ExpiresAt, before?.OptIns, it.Origin)),
        OptInRequested it => Replace(consents, it.Channel, it.Purpose, before => new ConsentOf(
            it.Channel, it.Purpose, ConsentStatus.Pending, it.Wording, it.DecidedAt, it.Version, it.Evidence.WordingVersion, it.ExpiresAt,
            [.. (before?.OptIns ?? []).TakeLast(OptInsMax - 1), new OptIn(it.Request, it.RequestedAt, it.ExpiresAt, it.Wording, it.Evidence.WordingVersion)],
            it.Origin)),
        // What is left when another's consent is left out of a fold may not have ended with it.
        ConsentExpired it => consents.Find(it.Channel, it.Purpose)?.EndsBy(it.ExpiredAt) == true
            ? Replace(consents, it.Channel, it.Purpose, before => before!.Ended() with { Version = it.Version })
            : consents,
        _ => throw new UnreachableException($"{happened.GetType().Name} is no consent."),
    };

    /// <summary>Its time is over then, if it is in force or waits to be confirmed.</summary>
    public bool EndsBy(DateTimeOffset time) => Status is ConsentStatus.Pending or ConsentStatus.Granted && ExpiresAt <= time;

    public ConsentOf Ended() => this with { Status = ConsentStatus.Expired, ExpiresAt = null };

    /// <summary>They say the same, whatever their versions.</summary>
    public bool SaysAs(ConsentOf? other) =>
        other is not null && this with { Version = 0, OptIns = null } == other with { Version = 0, OptIns = null }
        && (OptIns ?? []).SequenceEqual(other.OptIns ?? []);

    public static List<ConsentOf> Replace(IReadOnlyList<ConsentOf> consents, string channel, string purpose, Func<ConsentOf?, ConsentOf> change) =>
        [.. consents.Where(c => !c.Is(channel, purpose)), change(consents.FirstOrDefault(c => c.Is(channel, purpose)))];

    private bool Is(string channel, string purpose) => Channel == channel && Purpose == purpose;
}

internal static class Consents
{
    public static ConsentOf? Find(this IEnumerable<ConsentOf> consents, string channel, string purpose) =>
        consents.FirstOrDefault(c => c.Channel == channel && c.Purpose == purpose);
}
