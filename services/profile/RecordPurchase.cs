using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>A touchpoint tells of a purchase, a return or a mixed basket.</summary>
internal static class RecordPurchase
{
    /// <summary>A purchase that names its customer.</summary>
    public static Decision Decide(CustomerProfile customer, Told told, Recognised who, CustomerKey? key)
    {
        if (key is null)
            return new CustomerErased();
        var events = Recognition.Recognise(customer, told, who, key);
        // A receipt's address identifies; it becomes the contact only where none is known, since nobody asked for a change. That it is another one
        // than that of a merged customer is not kept either: the next receipt tells it again.
        var contacts = Recognition.Own(told.Details, who);
        var unknown = new Details(
            Email: customer.Details.Email is null ? contacts.Email : null,
            Phone: customer.Details.Phone is null ? contacts.Phone : null);
        if ((unknown.Email ?? unknown.Phone) is not null && ContactOf(customer, unknown, told, key) is { } details)
            events.Add(details);
        events.Add(new PurchaseRecorded(told.Purchase!));
        return TouchpointEvents.Of(events, told, who);
    }

    private static ProfileEvent? ContactOf(CustomerProfile customer, Details unknown, Told told, CustomerKey key)
    {
        var teller = new Teller(told.Source, told.Time, told.RecordedAt, Inferred: true);
        return WeighAttributes.EventOf(WeighAttributes.Weigh(customer.Details, unknown.Told(), teller, told.Priorities, key), teller, customer.HoldsOthers);
    }

    /// <summary>A purchase that names nobody: a stream of its own, and no profile.</summary>
    public static Decision DecideAnonymous(Told told) => TouchpointEvents.Of([new AnonymousPurchaseRecorded(told.Purchase!)], told, null);
}
