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
        if (SealedDetailsChange.Of(customer.Details, Recognition.Own(told.Details, who), key, told.Source) is { } details)
            events.Add(details);

        var version = customer.Consents.Count == 0 ? 0 : customer.Consents.Max(c => c.Version);
        foreach (var consent in told.Consents.Where(c => IsNews(c, customer, told.Time)))
            events.Add(new ConsentChanged(consent.Channel, consent.Purpose, consent.Granted, consent.Wording, told.Source, told.Time, ++version));

        if (events.Count == 0)
            events.Add(new DetailsConfirmed(told.Source));
        return TouchpointEvents.Of(events, told);
    }

    // What was decided last counts, not what arrives last; of two decisions of one moment the withdrawal counts.
    private static bool IsNews(ToldConsent told, CustomerProfile customer, DateTimeOffset time)
    {
        var known = customer.Consents.FirstOrDefault(c => c.Channel == told.Channel && c.Purpose == told.Purpose);
        if (known is null)
            return true;
        if (time < known.ChangedAt || (time == known.ChangedAt && told.Granted))
            return false;
        return known.Granted != told.Granted || (told.Granted && known.Wording != told.Wording);
    }
}
