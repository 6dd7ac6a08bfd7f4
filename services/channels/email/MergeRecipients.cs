using Npgsql;
using Patron.Runtime.EventStore;

namespace Patron.Channels.Email;

/// <summary>The customer is the same person as another: mails that wait are sent to that one.</summary>
[EventName("email.sends-handed-over.v1")]
internal sealed record SendsHandedOver(Guid Into, Guid Link, long Version) : DomainEvent;

/// <summary>What another customer had withdrawn by themselves, and what profile is yet to be told of it, goes on here.</summary>
[EventName("email.withdrawals-joined.v1")]
internal sealed record WithdrawalsJoined(
    Guid Customer, Guid Link, long Version, IReadOnlyList<Withdrawal> Withdrawals, IReadOnlyList<Guid> Untold) : DomainEvent;

/// <summary>The customer is another person after all: mails that were asked for by their key and still wait are theirs again.</summary>
[EventName("email.sends-taken-back.v1")]
internal sealed record SendsTakenBack(Guid From, Guid Link, long Version, IReadOnlyList<Guid> Origins) : DomainEvent;

/// <summary>
/// Two customers are one person, or are not after all. A withdrawal holds for an address, whoever has it, and so needs no moving; a call that
/// is being made ends as it would have.
/// </summary>
internal static class MergeRecipients
{
    public static HandoverRules Rules { get; } = new(
        handover => Suppression.Kind.Handover(
            handover.Customer, handover.Root,
            (from, _) => from is { Withdrawals.Count: 0, Untold.Count: 0 }
                ? Decision.Nothing
                : new WithdrawalsJoined(handover.Customer, handover.Link, handover.Version, from.Withdrawals, from.Untold),
            _ => new SendsHandedOver(handover.Root, handover.Link, handover.Version)),
        handover =>
        [
            Suppression.TakeBack(
                handover.Customer, new SendsTakenBack(handover.Root, handover.Link, handover.Version, [.. handover.Origins.Order()])),
        ]);
}

/// <summary>Moves waiting sends between customers, under the locks of both. A call under way stays in the care of the instance that makes it.</summary>
internal sealed class MergedSends(int partitions) : IInlineView
{
    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        foreach (var recorded in events)
        {
            if (recorded.Event is SendsHandedOver over)
                Move(transaction, recorded.Customer, over.Into, null);
            else if (recorded.Event is SendsTakenBack back)
                Move(transaction, back.From, recorded.Customer, back.Origins);
        }
    }

    private void Move(NpgsqlBatch transaction, Guid from, Guid to, IReadOnlyList<Guid>? origins) => Statements.Add(
        transaction,
        """
        update outbox set customer = $2, origin = nullif(coalesce(origin, $1), $2), partition = case when attempt is null then $3 else partition end
        where customer = $1 and (origin = any($4) or $5)
        """,
        new NpgsqlParameter<Guid> { TypedValue = from },
        new NpgsqlParameter<Guid> { TypedValue = to },
        new NpgsqlParameter<short> { TypedValue = (short)Runtime.EventLog.CustomerPartition.Of(to, partitions) },
        Statements.Uuids(origins ?? []),
        new NpgsqlParameter<bool> { TypedValue = origins is null });
}
