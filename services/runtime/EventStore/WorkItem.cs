using System.Diagnostics;
using Npgsql;

namespace Patron.Runtime.EventStore;

/// <summary>Commands of one cause, such as a consumed record, that are applied all or none.</summary>
internal sealed class UnitOfWork(IReadOnlyList<Command> commands)
{
    public IReadOnlyList<Command> Commands { get; private set; } = commands;

    /// <summary>One result per command once the transaction is durable.</summary>
    public CommandResult[] Results { get; private set; } = new CommandResult[commands.Count];

    /// <summary>The unit follows a merge or its undoing: its commands are made in the transaction, which has no other unit.</summary>
    public LinkChange? Link { get; init; }

    /// <summary>For the commands that follow from <see cref="Link"/>.</summary>
    public EventMetadata Metadata { get; init; } = EventMetadata.None;

    /// <summary>The timer that caused the unit: the unit is skipped when it has meanwhile been cancelled or set anew.</summary>
    public DueTimer? Timer { get; init; }

    /// <summary>Whose unit it is; matters with <see cref="FaultsParkCustomer"/>.</summary>
    public Guid Customer { get; init; }

    /// <summary>After a fault the customer's later units in the transaction fault too, so that order is kept.</summary>
    public bool FaultsParkCustomer { get; init; }

    /// <summary>A request's unit, which is refused while records of the customer are parked.</summary>
    public bool AsksParked { get; init; }

    /// <summary>A refusal of one command leaves nothing of the unit; without it each command stands for itself.</summary>
    public bool RefusedTogether { get; init; }

    /// <summary>The timer was still due, and what it leads to was decided: it is deleted.</summary>
    public bool Fired { get; set; }

    /// <summary>What a decision threw; then nothing of the unit is applied and the rest of the transaction is not affected.</summary>
    public Exception? Fault { get; set; }

    public void Make(IEnumerable<Command> handover)
    {
        Commands = [.. handover];
        Results = new CommandResult[Commands.Count];
    }
}

/// <summary>Moves a reader's place by compare-and-swap on (reader epoch, next offset).</summary>
internal readonly record struct OffsetMove(
    string Topic, int Partition, long ReaderEpoch, long ExpectedOffset, long NextOffset, Guid? StoreEpoch, long Position);

/// <summary>What a lane commits in one transaction, perhaps together with other items of the lane.</summary>
internal sealed class WorkItem(IReadOnlyList<UnitOfWork> units)
{
    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<UnitOfWork> Units { get; } = units;

    /// <summary>Nothing may share the transaction: what is decided in it changes where other commands go.</summary>
    public bool IsAlone => Units is [{ Link: not null }];

    public IReadOnlyList<OffsetMove> Moves { get; init; } = [];

    /// <summary>The moves are to be written even when nothing else is.</summary>
    public bool MovesAnyway { get; init; }

    /// <summary>Its transaction had nothing to write but moves, which were left out: valid when done.</summary>
    public bool WroteNothing { get; set; }

    /// <summary>Adds further statements, after the events; called anew when the transaction is repeated.</summary>
    public Action<NpgsqlBatch>? Effects { get; init; }

    /// <summary>The span that hands the item over; without one the commands' own trace parents count.</summary>
    public ActivityContext Cause { get; init; }

    /// <summary>What the transaction's span belongs to.</summary>
    public IEnumerable<ActivityContext> Causes => Cause != default
        ? [Cause]
        : Units.SelectMany(u => u.Commands).Select(c => RuntimeTelemetry.ContextOf(c.Metadata.TraceParent));

    /// <summary>Completes when the transaction is durable, or fails with what prevented it.</summary>
    public Task Done => done.Task;

    public void Complete() => done.TrySetResult();

    public void Fail(Exception fault) => done.TrySetException(fault);
}

/// <summary>A reader or relay that no longer owns its partition tried to commit: nothing was changed.</summary>
internal sealed class FencedException(Exception inner) : Exception("Another instance owns the partition now; nothing was committed here.", inner);

/// <summary>An earlier record of the same customer could not be applied, so this one waits behind it.</summary>
internal sealed class BehindAnotherException() : Exception("An earlier record of this customer could not be applied.");
