using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>A touchpoint tells what it learnt about a customer: attributes, consents, another identifier.</summary>
internal static class UpdateCustomer
{
    public static Decision Decide(CustomerProfile customer, Told told, Recognised who, CustomerKey? key)
    {
        if (key is null)
            return new CustomerErased();
        var events = Recognition.Recognise(customer, told, who, key);
        var teller = new Teller(told.Source, told.Time, told.RecordedAt);
        var attributes = Recognition.Own(told.Details, who).Told().Concat(told.Attributes).ToList();
        var weighed = WeighAttributes.Weigh(customer.Details, attributes, teller, told.Priorities, key, told.Notes);
        if (WeighAttributes.EventOf(weighed, teller, customer.HoldsOthers) is { } details)
            events.Add(details);
        events.AddRange(DecideConsents.Decide(customer, told, who.Origin, key));
        if (SetAside.Of(customer, new Telling(teller, attributes, told.Consents), weighed, events, key) is { } aside)
            events.Add(aside);

        if (events.Count == 0)
            events.Add(new DetailsConfirmed(told.Source));
        return TouchpointEvents.Of(events, told, who);
    }
}
