using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Channels.Email;

/// <summary>Profile asked for the one mail by whose link a customer confirms. The stream's id is the request's.</summary>
/// <param name="Purpose">What is to be confirmed; the mail's own link by which it can be refused withdraws the same.</param>
[EventName("email.opt-in-claimed.v1")]
internal sealed record OptInClaimed(string Purpose, DateTimeOffset Deadline) : DomainEvent;

/// <summary>
/// Turns a request to confirm into one mail on the usual path: claimed here, sent when it is its turn, and only while the request stands, which
/// is the gate of such a mail instead of a consent.
/// </summary>
internal static class OptIn
{
    public const string Template = "opt-in";

    /// <summary>The same request again changes nothing.</summary>
    public static IEnumerable<Command> Claim(OptInRequested request, FactContext context)
    {
        if (request.Channel != Module.Name)
            return [];
        var claim = new OptInClaimed(request.Purpose, request.ExpiresAt.ToDateTimeOffset());
        return [Send.Kind.Command(Guid.ParseExact(request.RequestId, "D"), context.Customer, state =>
            state.Stage == SendStage.New ? claim : Decision.Nothing) with { Metadata = context.Metadata }];
    }
}
