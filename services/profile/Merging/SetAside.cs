using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>
/// What was told of a customer into whom others are merged and did not count, because one of them knew better: when they are parted, it is
/// weighed anew.
/// </summary>
/// <param name="Details">Attributes that were passed over, with who told them; null when there are none.</param>
/// <param name="Consents">Decisions that were not news.</param>
[EventName("profile.telling-set-aside.v1")]
internal sealed record TellingSetAside(string Source, SealedDetails? Details, IReadOnlyList<ConsentSetAside> Consents) : LinkEvent
{
    public override CustomerProfile Apply(CustomerProfile customer) => customer;
}

/// <param name="ExpiresAt">When a grant ends by itself; null for never.</param>
internal sealed record ConsentSetAside(
    string Channel, string Purpose, bool Granted, string Wording, DateTimeOffset DecidedAt, ConsentEvidence? Evidence = null, DateTimeOffset? ExpiresAt = null)
{
    public static ConsentSetAside Of(ConsentChanged changed) =>
        new(changed.Channel, changed.Purpose, changed.Granted, changed.Wording, changed.ChangedAt, changed.Evidence, changed.ExpiresAt);

    public ConsentChanged ToEvent(string source, long version) =>
        new(Channel, Purpose, Granted, Wording, source, DecidedAt, version, Evidence, ExpiresAt);

    /// <summary>What is in force when it is weighed after all.</summary>
    public IReadOnlyList<ConsentOf> After(IReadOnlyList<ConsentOf> consents, Guid? origin) => !IsNews(consents.Find(Channel, Purpose))
        ? consents
        : ConsentOf.Replace(consents, Channel, Purpose, before => new ConsentOf(
            Channel, Purpose, Granted ? ConsentStatus.Granted : ConsentStatus.Withdrawn, Wording, DecidedAt, 0, Evidence?.WordingVersion ?? 0, ExpiresAt,
            before?.OptIns, origin));

    /// <summary>This is the decision that is in force.</summary>
    public bool Decided(ConsentOf consent) =>
        (Channel, Purpose, Granted, Wording, DecidedAt) == (consent.Channel, consent.Purpose, consent.Granted, consent.Wording, consent.ChangedAt);

    /// <summary>A grant that was given again counts anew where the first one ends by itself: it may have ended before.</summary>
    public bool IsNews(ConsentOf? known) =>
        (Granted && known is { Granted: true, ExpiresAt: not null } && DecidedAt > known.ChangedAt)
        || DecideConsents.IsNews(Granted, DecidedAt, Wording, Evidence?.WordingVersion ?? 0, known);
}

/// <summary>What one touchpoint told at once, in clear.</summary>
internal sealed record Telling(Teller Teller, IReadOnlyList<ToldAttribute> Attributes, IReadOnlyList<ToldConsent> Consents);

internal static class SetAside
{
    /// <summary>Null where nobody is merged into the customer, or where all that was told counts.</summary>
    /// <param name="events">What the telling has led to.</param>
    public static TellingSetAside? Of(CustomerProfile customer, Telling told, Weighed weighed, IReadOnlyList<ProfileEvent> events, CustomerKey key)
    {
        if (!customer.HoldsOthers)
            return null;
        var passed = told.Attributes.Where(a => !weighed.Changed.Contains(a.Key) && !weighed.Confirmed.Contains(a.Key)).ToList();
        // A grant that was to be confirmed and never was counts for nobody.
        var consents = told.Consents.Where(c => c is not { Granted: true, OptIn: not null } && !events.Any(e => IsOf(e, c)));
        return Of(
            told.Teller.Source,
            passed.Aggregate(new SealedDetails(), (now, a) => now.With(a.Key, key.Seal(a.Value, AttributesByKey.FieldOf(a.Key))).From(a.Key, told.Teller)),
            [.. consents.Select(c => new ConsentSetAside(
                c.Channel, c.Purpose, c.Granted, c.Wording, c.DecidedAt, c.Evidence.Seal(key), c.Granted ? told.Teller.RecordedAt + c.ValidFor : null))]);
    }

    public static TellingSetAside? Of(string source, SealedDetails passed, IReadOnlyList<ConsentSetAside> consents) =>
        !passed.Keys().Any() && consents.Count == 0 ? null : new TellingSetAside(source, passed.Keys().Any() ? passed : null, consents);

    private static bool IsOf(ProfileEvent happened, ToldConsent consent) =>
        happened is ConsentChanged changed && (changed.Channel, changed.Purpose) == (consent.Channel, consent.Purpose);
}
