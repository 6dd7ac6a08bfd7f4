using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>A touchpoint tells what it learnt about a customer: details, consents, another identifier.</summary>
internal static class UpdateCustomer
{
    public static Decision Decide(CustomerProfile customer, Told told, Recognised who, CustomerKey? key)
    {
        if (key is null)
            return new CustomerErased();
        var events = Recognition.Recognise(customer, told, who, key);
        if (SealedDetailsChange.Of(customer.Details, Recognition.Own(told.Details, who), key, told) is { } details)
            events.Add(details);

        var version = customer.ConsentVersion;
        foreach (var consent in told.Consents.Where(c => IsNews(c, customer, told.Time, who)))
            events.Add(new ConsentChanged(consent.Channel, consent.Purpose, consent.Granted, consent.Wording, told.Source, told.Time, ++version));

        if (events.Count == 0)
            events.Add(new DetailsConfirmed(told.Source));
        return TouchpointEvents.Of(events, told, who);
    }

    // What was decided last counts, not what arrives last; of two decisions of one moment the withdrawal counts.
    private static bool IsNews(ToldConsent told, CustomerProfile customer, DateTimeOffset time, Recognised who)
    {
        var known = customer.Consents.FirstOrDefault(c => c.Channel == told.Channel && c.Purpose == told.Purpose);
        if (known is null)
            return true;
        if (time < known.ChangedAt || (time == known.ChangedAt && told.Granted))
            return false;
        // The same decision by another of the merged customers is news: only theirs is left when they are parted.
        return known.Granted != told.Granted || (told.Granted && known.Wording != told.Wording) || known.Origin != who.Origin;
    }
}
