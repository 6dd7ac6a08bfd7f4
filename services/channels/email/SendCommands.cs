using Patron.Runtime.EventStore;

namespace Patron.Channels.Email;

/// <summary>What may become of a send, whatever happened to it meanwhile.</summary>
internal static class SendCommands
{
    /// <summary>The same request again changes nothing.</summary>
    public static Command Claim(Guid send, Guid customer, SendClaimed claim) =>
        Send.Kind.Command(send, customer, state => state.Stage == SendStage.New ? claim : Decision.Nothing);

    /// <summary>Whoever gets the event of this command may call; keyed by the attempt, so that a repeat after a fault gets it again.</summary>
    public static Command Call(Guid send, Guid customer, Calling calling) =>
        Send.Kind.Command(send, customer, state => state.Stage == SendStage.Claimed ? calling : Decision.Nothing) with { IdempotencyKey = calling.Attempt };

    /// <summary>Ends a send before any call.</summary>
    public static Command Close(Guid send, Guid customer, DomainEvent ending) =>
        Send.Kind.Command(send, customer, state => state.Stage == SendStage.Claimed ? ending : Decision.Nothing);

    /// <summary>What a call led to. An answer that comes after the send was given up as uncertain resolves it.</summary>
    public static Command Record(Guid send, Guid customer, Guid attempt, DomainEvent outcome) => Send.Kind.Command(send, customer, state =>
        state.Attempt == attempt && (state.Stage == SendStage.Calling || (state.Stage == SendStage.Uncertain && outcome is Sent or Failed))
            ? outcome
            : Decision.Nothing);
}
