using Patron.Runtime.EventStore;

namespace Patron.Channels.Email;

/// <summary>
/// A recipient used the link or button of a mail. The stream's id is the customer's; the suppression itself holds for the address, whoever
/// has it later.
/// </summary>
/// <param name="ConsentVersion">The newest consent that was known; only a newer and later grant of the same customer opens the gate again.</param>
/// <param name="Notice">Id of the message that tells profile; the same for every try.</param>
[EventName("email.unsubscribed.v1")]
internal sealed record Unsubscribed(string Purpose, string Recipient, long ConsentVersion, Guid Notice) : DomainEvent;

/// <summary>Profile has accepted the withdrawal.</summary>
[EventName("email.profile-told.v1")]
internal sealed record ProfileTold(Guid Notice) : DomainEvent;

/// <summary>What the recipient of this customer's mails has asked for by themselves.</summary>
/// <param name="Untold">Notices that profile does not have yet.</param>
internal sealed record Suppression(IReadOnlyList<Withdrawal> Withdrawals, IReadOnlyList<Guid> Untold)
{
    /// <summary>Older ones are forgotten here; the gate keeps all.</summary>
    private const int WithdrawalsMax = 20;

    public static readonly StreamKind<Suppression> Kind = new("suppression", new Suppression([], []), Evolve, EmailJson.Default.Suppression);

    /// <summary>A second click on the same link changes nothing, unless consent was given anew between.</summary>
    public static Command Unsubscribe(Guid customer, Unsubscribed withdrawal) => Kind.Command(customer, customer, state =>
        state.Withdrawals.Contains(new Withdrawal(withdrawal.Purpose, withdrawal.Recipient, withdrawal.ConsentVersion)) ? Decision.Nothing : withdrawal);

    public static Command Tell(Guid customer, Guid notice) => Kind.Command(customer, customer, state =>
        state.Untold.Contains(notice) ? new ProfileTold(notice) : Decision.Nothing);

    /// <summary>For <see cref="MergeRecipients"/>.</summary>
    public static Command TakeBack(Guid customer, SendsTakenBack back) => Kind.ExactCommand(customer, _ => back);

    private static Suppression Evolve(Suppression state, DomainEvent happened) => happened switch
    {
        Unsubscribed e => new Suppression(
            [.. state.Withdrawals.TakeLast(WithdrawalsMax - 1), new Withdrawal(e.Purpose, e.Recipient, e.ConsentVersion)], [.. state.Untold, e.Notice]),
        ProfileTold e => state with { Untold = [.. state.Untold.Where(n => n != e.Notice)] },
        WithdrawalsJoined e => new Suppression(
            [.. state.Withdrawals.Concat(e.Withdrawals).TakeLast(WithdrawalsMax)], [.. state.Untold, .. e.Untold]),
        SendsHandedOver => new Suppression([], []),
        SendsTakenBack => state,
        _ => throw new System.Diagnostics.UnreachableException($"{happened.GetType().Name} does not belong to a suppression."),
    };
}

internal sealed record Withdrawal(string Purpose, string Recipient, long ConsentVersion);
