using System.Text.RegularExpressions;
using Patron.Contracts.Ingest.V1;
using static System.FormattableString;

namespace Patron.Profile;

/// <summary>Consents as touchpoints tell them.</summary>
internal sealed partial class Consumed
{
    private const int WordingCharactersMax = 128;
    private const int WordingVersionMax = 1_000_000;
    private const int FormCharactersMax = 128;
    private const int EvidenceCharactersMax = 256;

    /// <param name="time">The event's.</param>
    public IReadOnlyList<ToldConsent> ConsentsOf(CustomerUpdate update, DateTimeOffset time, string at, FieldErrors errors)
    {
        var consents = new List<ToldConsent>(update.Consents.Count);
        for (var i = 0; i < update.Consents.Count; i++)
        {
            var (consent, place) = (update.Consents[i], $"{at}/consents/{i}");
            CheckDecision(consent, place, errors);
            if (consents.Any(c => c.Channel == consent.Channel && c.Purpose == consent.Purpose))
                errors.Add(place, "This channel and purpose are named twice; name them once.");
            var granted = consent.State == ConsentState.Granted;
            consents.Add(new ToldConsent(
                consent.Channel, consent.Purpose, granted, consent.Wording.Trim(), DecidedAt(consent, time, place, errors), EvidenceOf(consent, place, errors),
                consent.Method == Contracts.Ingest.V1.ConsentMethod.DoubleOptIn ? null : consentSettings.OptInOf(consent.Channel, consent.Purpose),
                consentSettings.GrantLasts(consent.Purpose)));
        }

        return consents;
    }

    private void CheckDecision(Consent consent, string place, FieldErrors errors)
    {
        var channels = consentSettings.Channels;
        if (!channels.Contains(consent.Channel))
            errors.Add($"{place}/channel", $"The channel must be {string.Join(", ", channels.SkipLast(1))}{(channels.Count > 1 ? " or " : "")}{channels[^1]}.");
        var granted = consent.State == ConsentState.Granted;
        if (!Purpose().IsMatch(consent.Purpose))
            errors.Add($"{place}/purpose", "A purpose, such as marketing, has 1 to 64 small letters, digits and hyphens.");
        else if (granted && consentSettings.Purpose(consent.Purpose) is null)
            errors.Add($"{place}/purpose", $"This brand asks consent only for {string.Join(", ", consentSettings.Purposes.Select(p => p.Name))}.");
        if (consent.State is not (ConsentState.Granted or ConsentState.Withdrawn))
            errors.Add($"{place}/state", "Say what was decided: CONSENT_STATE_GRANTED or CONSENT_STATE_WITHDRAWN.");
        if (consent.Wording.Length > WordingCharactersMax || (granted && consent.Wording.Trim().Length == 0))
            errors.Add($"{place}/wording", $"A grant names the wording that was shown, in 1 to {WordingCharactersMax} characters.");
        else if (granted && consentSettings.RegisteredWordingsOnly
            && !wordings.Knows(consent.Wording.Trim(), consent.WordingVersion, consent.WordingLanguage))
            errors.Add($"{place}/wording", "This wording is not registered in this version and language; GET /v1/wordings lists those that are.");
        CheckLook(consent.Wording, $"{place}/wording", errors);
    }

    // An import that does not know when it was decided must not go before anything that is known.
    private DateTimeOffset DecidedAt(Consent consent, DateTimeOffset time, string place, FieldErrors errors)
    {
        if (consent.DecidedAt.Length == 0)
            return consent is { Method: Contracts.Ingest.V1.ConsentMethod.Import, State: ConsentState.Granted } ? ToldConsent.Undated : time;
        if (!IngestReader.TryReadTime(consent.DecidedAt, out var decided))
            errors.Add($"{place}/decidedAt", "This is not a time with its offset as in RFC 3339, such as 2024-03-01T10:15:00+08:00.");
        else if (decided > time)
            errors.Add($"{place}/decidedAt", "This is later than the event's own time.");
        else if (decided < settings.EarliestTime)
            errors.Add($"{place}/decidedAt", Invariant($"This is before {settings.EarliestTime.UtcDateTime:yyyy-MM-dd}, the earliest time taken."));
        return decided;
    }

    private static ToldEvidence EvidenceOf(Consent consent, string place, FieldErrors errors)
    {
        if (consent.WordingVersion is < 0 or > WordingVersionMax)
            errors.Add($"{place}/wordingVersion", Invariant($"The version must be from 1 to {WordingVersionMax}, or left out."));
        var language = Checked(
            consent.WordingLanguage, Normal.Language, $"{place}/wordingLanguage", "This is not a language tag of BCP 47, such as zh-Hant-HK.", errors);
        CheckText(consent.Form, FormCharactersMax, $"{place}/form", errors);
        CheckLook(consent.Form, $"{place}/form", errors);
        CheckText(consent.TakenBy, EvidenceCharactersMax, $"{place}/takenBy", errors);
        CheckText(consent.IpAddress, EvidenceCharactersMax, $"{place}/ipAddress", errors);
        CheckText(consent.UserAgent, EvidenceCharactersMax, $"{place}/userAgent", errors);
        return new ToldEvidence(
            (ConsentMethod)consent.Method, consent.Form.Trim(), consent.WordingVersion, language ?? "", consent.TakenBy.Trim(), consent.IpAddress.Trim(),
            consent.UserAgent.Trim());
    }

    private static void CheckText(string text, int charactersMax, string at, FieldErrors errors)
    {
        if (text.Length > charactersMax || text.Any(char.IsControl))
            errors.Add(at, Invariant($"This has at most {charactersMax} characters and no control characters."));
    }

    [GeneratedRegex("^[a-z0-9-]{1,64}\\z")]
    private static partial Regex Purpose();
}
