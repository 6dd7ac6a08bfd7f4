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

    /// <param name="now">Business time, at which they decided.</param>
    public static Decision Decide(CustomerProfile customer, PreferencesChosen chosen, DateTimeOffset now, CustomerKey? key)
    {
        if (key is null)
            return new CustomerErased();
        var events = new List<DomainEvent>();
        if (chosen.Language is { } language)
        {
            var teller = new Teller(Source, now, now);
            var told = new ToldAttribute(SealedFields.Language, language);
            if (WeighAttributes.EventOf(WeighAttributes.Weigh(customer.Details, [told], teller, NoPriorities, key), teller) is { } changed)
                events.Add(changed);
        }

        events.AddRange(DecideConsents.Decide(customer.Consents, chosen.Consents, Source, now, Guid.Empty, key));
        return Decision.Of(events);
    }

    private static readonly Dictionary<string, IReadOnlyList<string>> NoPriorities = [];
}
