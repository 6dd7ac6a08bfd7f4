using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>What the person changed on the page, and nothing that they left as it was shown.</summary>
/// <param name="Language">Null when it was left.</param>
internal sealed record PreferencesChosen(IReadOnlyList<ToldConsent> Consents, string? Language);

/// <summary>Customers decide on their own page. What they say of themselves goes before every source.</summary>
internal static class ChangePreferences
{
    public const string Source = WeighAttributes.OwnSource;

    /// <param name="origin">The merged customer whose page it is; null where it is this one's.</param>
    /// <param name="now">Business time, at which they decided.</param>
    public static Decision Decide(CustomerProfile customer, PreferencesChosen chosen, Guid? origin, DateTimeOffset now, CustomerKey? key)
    {
        if (key is null || customer.Erasure is not null)
            return new CustomerErased();
        var events = new List<ProfileEvent>();
        var teller = new Teller(Source, now, now);
        IReadOnlyList<ToldAttribute> told = chosen.Language is { } language ? [new ToldAttribute(SealedFields.Language, language)] : [];
        var weighed = WeighAttributes.Weigh(customer.Details, told, teller, NoPriorities, key);
        if (WeighAttributes.EventOf(weighed, teller, customer.HoldsOthers) is { } changed)
            events.Add(changed);
        events.AddRange(DecideConsents.Decide(customer, chosen.Consents, Source, now, Guid.Empty, origin, key));
        if (SetAside.Of(customer, new Telling(teller, told, chosen.Consents), weighed, events, key) is { } aside)
            events.Add(aside);
        return TouchpointEvents.By(events, origin);
    }

    private static readonly Dictionary<string, IReadOnlyList<string>> NoPriorities = [];
}
