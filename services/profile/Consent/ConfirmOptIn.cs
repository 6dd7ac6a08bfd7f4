using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>The link's time is over, or the person has decided otherwise since.</summary>
internal sealed record OptInOver : Refusal
{
    public override string Code => "opt-in-over";

    public override string Detail => "This can no longer be confirmed: its time is over, or it was decided otherwise since. Sign up again.";
}

/// <summary>Somebody confirms a grant by the link that was sent to them. Again is harmless.</summary>
internal static class ConfirmOptIn
{
    public const string Source = "/patron/opt-in";

    /// <param name="origin">The merged customer to whom the link was sent; null where it was this one.</param>
    /// <param name="now">Business time.</param>
    /// <param name="lasts">How long a grant of a purpose lasts; null for ever.</param>
    public static Decision Decide(
        CustomerProfile customer, Guid request, Guid? origin, DateTimeOffset now, ToldEvidence evidence, CustomerKey? key, Func<string, TimeSpan?> lasts)
    {
        if (key is null || customer.Erasure is not null)
            return new CustomerErased();
        var consent = customer.Consents.FirstOrDefault(c => c.OptIns?.Any(o => o.Request == request) == true);
        var asked = consent?.OptIns!.First(o => o.Request == request);
        // What another of the merged customers has granted is not what this one confirms.
        if (consent is { Granted: true } && (consent.Origin == origin || asked!.ExpiresAt <= now))
            return Decision.Nothing;
        if (consent is not { Status: ConsentStatus.Pending or ConsentStatus.Granted } || asked!.ExpiresAt <= now)
            return new OptInOver();
        var confirmed = new ConsentChanged(
            consent.Channel, consent.Purpose, true, asked.Wording, Source, now, customer.ConsentVersion + 1,
            (evidence with { WordingVersion = asked.WordingVersion }).Seal(key, request), now + lasts(consent.Purpose));
        return TouchpointEvents.By([confirmed], origin);
    }
}
