using Patron.Runtime.EventStore;

namespace Patron.Channels.Sms;

/// <summary>A journey asks for a text message. Without a provider the request ends at once, so that the journey knows.</summary>
internal static class ClaimSend
{
    private const string NoProviderCode = "no-provider";

    /// <summary>The same request again changes nothing.</summary>
    public static Command Command(Guid send, Guid customer, SendClaimed claim, ISmsProvider provider) =>
        Send.Kind.Command(send, customer, state => Decide(state, claim, provider.WhyNot));

    public static Decision Decide(Send state, SendClaimed claim, string? whyNot)
    {
        if (state.Known)
            return Decision.Nothing;
        return whyNot is null ? claim : new Suppressed(claim.Template, NoProviderCode, whyNot);
    }
}
