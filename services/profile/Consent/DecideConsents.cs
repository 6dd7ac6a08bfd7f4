using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>
/// What decisions on channels and purposes lead to. What was decided last counts, not what arrives last; of two decisions of one moment the
/// withdrawal counts; an import that does not say when it was decided counts only where nothing is known.
/// </summary>
internal static class DecideConsents
{
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);

    public static IReadOnlyList<ProfileEvent> Decide(CustomerProfile customer, Told told, Guid? origin, CustomerKey key) =>
        Decide(customer, told.Consents, told.Source, told.RecordedAt, told.Key, origin, key);

    /// <param name="now">Business time.</param>
    /// <param name="cause">Requests to confirm are named after it: the same cause makes the same ones.</param>
    /// <param name="origin">The merged customer by whose identifier it was told; null where by this one's own.</param>
    public static IReadOnlyList<ProfileEvent> Decide(
        CustomerProfile customer, IReadOnlyList<ToldConsent> told, string source, DateTimeOffset now, Guid cause, Guid? origin, CustomerKey key)
    {
        if (told.Count == 0)
            return [];
        var events = new List<ProfileEvent>(told.Count);
        var version = customer.ConsentVersion + 1;
        foreach (var consent in told)
        {
            var before = customer.Consents.Find(consent.Channel, consent.Purpose);
            if (!IsNews(consent.Granted, consent.DecidedAt, consent.Wording, consent.Evidence.WordingVersion, before))
                continue;
            if (consent is { Granted: true, OptIn: { } terms } && before is not { Granted: true })
            {
                if (MayAsk(before, terms, now))
                    events.Add(Ask(consent, terms, source, now, cause, version++, key));
                continue;
            }

            // What another of the merged customers has confirmed confirms nothing for this one.
            if (consent is { Granted: true, OptIn: not null } && before?.Origin != origin)
                continue;
            events.Add(new ConsentChanged(
                consent.Channel, consent.Purpose, consent.Granted, consent.Wording, source, consent.DecidedAt, version++, consent.Evidence.Seal(key),
                consent.Granted ? now + consent.ValidFor : null));
        }

        return events;
    }

    public static bool IsNews(bool granted, DateTimeOffset decidedAt, string wording, int wordingVersion, ConsentOf? known)
    {
        if (known is null)
            return true;
        if (decidedAt < known.ChangedAt || (decidedAt == known.ChangedAt && granted))
            return false;
        // A withdrawal that is repeated later counts from then on, so that no grant from between can go before it.
        if (!granted)
            return known.Status != ConsentStatus.Withdrawn || decidedAt > known.ChangedAt;
        return !known.Granted || known.Wording != wording || known.WordingVersion != wordingVersion;
    }

    private static bool MayAsk(ConsentOf? known, OptInTerms terms, DateTimeOffset now)
    {
        var lately = (known?.OptIns ?? []).Where(o => o.RequestedAt > now - Week).ToList();
        return lately.Count < terms.PerWeekMax && lately.TrueForAll(o => o.RequestedAt <= now - terms.AskedAgainAfter);
    }

    private static OptInRequested Ask(
        ToldConsent consent, OptInTerms terms, string source, DateTimeOffset now, Guid cause, long version, CustomerKey key) => new(
        IngestReader.KeyOf(cause.ToString("D"), $"{consent.Channel}/{consent.Purpose}"), consent.Channel, consent.Purpose, consent.Wording, source,
        consent.DecidedAt, now, now + terms.ValidFor, version, consent.Evidence.Seal(key));
}
