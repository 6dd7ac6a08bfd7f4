using System.Diagnostics;
using Patron.Runtime.EventStore;

namespace Patron.Profile;

/// <summary>A consent ends by itself: a grant for a limited time, and one that nobody confirmed.</summary>
internal static class ExpireConsent
{
    private const string Prefix = "consent";

    /// <summary>A timer is never cancelled: one that comes too early, or for a consent that was decided anew, changes nothing.</summary>
    public static IEnumerable<TimerChange> TimersOf(RecordedEvent recorded) => recorded.Event switch
    {
        ConsentChanged { ExpiresAt: { } due } changed => [TimerChange.Set(NameOf(changed.Channel, changed.Purpose), due)],
        OptInRequested asked => [TimerChange.Set(NameOf(asked.Channel, asked.Purpose), asked.ExpiresAt)],
        ConsentMoved { Consent: { ExpiresAt: { } due } moved } => [TimerChange.Set(NameOf(moved.Channel, moved.Purpose), due)],
        _ => [],
    };

    public static IEnumerable<Command> OnDue(DueTimer timer)
    {
        if (timer.Name.Split(' ') is not [Prefix, var channel, var purpose])
            throw new UnreachableException($"A customer has no timer '{timer.Name}'.");
        return [CustomerProfile.Kind.Command(timer.Stream, timer.Customer, customer => Decide(customer, channel, purpose, timer.Due))];
    }

    /// <summary>Who is merged into another has no events until they are parted, and what is over by then ends there.</summary>
    public static Decision Decide(CustomerProfile customer, string channel, string purpose, DateTimeOffset due) =>
        customer.LinksOrNone.MergedInto is null && customer.Consents.Find(channel, purpose)?.EndsBy(due) == true
            ? new ConsentExpired(channel, purpose, due, customer.ConsentVersion + 1)
            : Decision.Nothing;

    private static string NameOf(string channel, string purpose) => $"{Prefix} {channel} {purpose}";
}
