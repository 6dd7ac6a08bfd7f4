using System.Collections.Concurrent;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Channels.Email;

/// <summary>
/// One round over many sends: prepare, commit the calls, ask the gate, hand over, commit the outcomes. Everything is set-based; a mail
/// costs no round trip of its own to the database.
/// </summary>
internal sealed partial class DispatchRound(
    ServiceRuntime runtime,
    SendQueue queue,
    Outbox outbox,
    Gate gate,
    ICustomerKeys keys,
    Preparation preparation,
    SmtpPool smtp,
    EmailSettings settings,
    TimeProvider businessTime,
    TimeProvider systemTime,
    ILogger<DispatchRound> log)
{
    /// <summary>A send that was put off more often than this waits for the outside world, and business time goes on without it.</summary>
    private const int HoldingTriesMax = 4;

    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan NotCommittedMax = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PauseAfterFault = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<Guid, Patience> patience = new();

    /// <summary>Returns when each of the sends is at its end or put off.</summary>
    public async Task RunAsync(IReadOnlyList<Guid> sends, CancellationToken cancellation)
    {
        List<PreparedSend> ready;
        List<(OutboxRow Row, DomainEvent Ending)> endings;
        bool reachable;
        try
        {
            (ready, endings) = await PrepareAsync(sends, cancellation);
            reachable = ready.Count > 0 && await IsReachableAsync(cancellation);
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException or HttpRequestException)
        {
            // Nothing was begun.
            LogPutOff(log, sends.Count, fault);
            PutOff(sends);
            return;
        }

        if (!reachable)
        {
            PutOff(ready.Select(s => s.Row.Send));
            ready = [];
        }

        var calls = await BeginAsync(ready, endings, cancellation);
        if (calls.Count > 0)
            await CallAsync(calls, cancellation);
    }

    private async Task<(List<PreparedSend> Ready, List<(OutboxRow Row, DomainEvent Ending)> Endings)> PrepareAsync(
        IReadOnlyList<Guid> sends, CancellationToken cancellation)
    {
        var rows = await outbox.LoadAsync(sends, cancellation);
        foreach (var send in sends.Where(s => !rows.ContainsKey(s)))
            AwaitCommit(send);
        var customers = rows.Values.Where(r => r is { Granted: true, Contact: not null }).Select(r => r.Customer).ToHashSet();
        var opened = customers.Count == 0 ? new Dictionary<Guid, CustomerKey>() : await keys.GetAsync(customers, cancellation);

        var (ready, endings) = (new List<PreparedSend>(rows.Count), new List<(OutboxRow, DomainEvent)>());
        var now = businessTime.GetUtcNow();
        foreach (var row in rows.Values)
        {
            var prepared = preparation.Prepare(row, opened.GetValueOrDefault(row.Customer), now);
            if (prepared.Ready is { } mail)
                ready.Add(mail);
            else if (prepared.Ending is { } ending)
                endings.Add((row, ending));
            else if (WaitedFor(row.Send) < settings.ContactWait)
                queue.Defer(row.Send, LookAgainAfter, holdsTime: true);
            else
                endings.Add((row, new Suppressed(SuppressionCode.NoContactPoint, "profile has told nothing of how to reach the customer")));
        }

        return (ready, endings);
    }

    /// <summary>Commits what ends without a call and what is about to be called; answers the calls that are this instance's to make.</summary>
    private async Task<List<PreparedSend>> BeginAsync(
        List<PreparedSend> ready, List<(OutboxRow Row, DomainEvent Ending)> endings, CancellationToken cancellation)
    {
        Command[] commands =
        [
            .. ready.Select(s => SendCommands.Call(s.Row.Send, s.Row.Customer, s.Calling)),
            .. endings.Select(e => SendCommands.Close(e.Row.Send, e.Row.Customer, e.Ending)),
        ];
        if (commands.Length == 0)
            return [];
        var results = await InsistAsync(() => runtime.ExecuteAsync(commands, cancellation), cancellation);

        // A parked customer's sends wait for the operator; one without an event belongs to another instance.
        var parked = results.Index().Where(r => r.Item.Refusal is not null).Select(r => commands[r.Index].Stream).ToHashSet();
        foreach (var send in parked)
            queue.Defer(send, settings.RetryMax, holdsTime: false);
        var calls = ready.Where((_, i) => results[i] is { Accepted: true, Events.Count: > 0 }).ToList();
        Done(commands.Select(c => c.Stream).Except(parked).Except(calls.Select(c => c.Row.Send)));
        return calls;
    }

    private async Task CallAsync(List<PreparedSend> calls, CancellationToken cancellation)
    {
        var open = await InsistAsync(() => gate.OpenAsync(calls, cancellation), cancellation);
        var sending = calls.Where(c => open.Contains(c.Row.Send)).ToList();
        var outcomes = await smtp.SendAsync([.. sending.Select(c => c.Mail)], cancellation);

        var shut = new Suppressed(SuppressionCode.NoConsent, "consent was withdrawn");
        (PreparedSend Call, DomainEvent Event)[] ended =
        [
            .. sending.Zip(outcomes, (call, outcome) => (call, EventOf(call, outcome))),
            .. calls.Where(c => !open.Contains(c.Row.Send)).Select(c => (c, (DomainEvent)shut)),
        ];
        await InsistAsync(
            () => runtime.ExecuteAsync(
                [.. ended.Select(e => SendCommands.Record(e.Call.Row.Send, e.Call.Row.Customer, e.Call.Calling.Attempt, e.Event))], cancellation),
            cancellation);
        foreach (var (call, _) in ended.Where(e => e.Event is Deferred))
            Retry(call.Row.Send, call.Row.Deferrals + 1);
        Done(ended.Where(e => e.Event is not Deferred).Select(e => e.Call.Row.Send));
    }

    private static DomainEvent EventOf(PreparedSend call, SmtpOutcome outcome) => outcome switch
    {
        SmtpOutcome.Accepted accepted => new Sent(call.Row.Template, call.Calling.MessageId, accepted.Reply.Receipt),
        SmtpOutcome.Refused { Reply.IsPermanent: true } refused => new Failed($"the mail server answered {refused.Reply.Status}"),
        SmtpOutcome.Refused refused => new Deferred(call.Calling.Attempt, $"the mail server answered {refused.Reply.Status}"),
        SmtpOutcome.NotReached => new Deferred(call.Calling.Attempt, "the connection failed before the message was handed over"),
        SmtpOutcome.Unknown => new Uncertain("the connection failed after the message was handed over and before the answer"),
        _ => throw new System.Diagnostics.UnreachableException($"{outcome.GetType().Name} leads to nothing."),
    };

    private async Task<bool> IsReachableAsync(CancellationToken cancellation)
    {
        try
        {
            await smtp.CheckAsync(cancellation);
            return true;
        }
        catch (SmtpUnavailableException fault)
        {
            LogUnreachable(log, fault.Message);
            return false;
        }
    }

    /// <summary>What is begun must be brought to its end, whatever the database does meanwhile. Each of these may be repeated.</summary>
    private async Task<T> InsistAsync<T>(Func<Task<T>> step, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await step();
            }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
            {
                LogInsisting(log, fault);
                await Task.Delay(PauseAfterFault, systemTime, cancellation);
            }
        }
    }

    /// <summary>A send is announced just before its claim is committed; one that never becomes visible was not.</summary>
    private void AwaitCommit(Guid send)
    {
        if (WaitedFor(send) < NotCommittedMax)
            queue.Defer(send, LookAgainAfter, holdsTime: true);
        else
            Done([send]);
    }

    private TimeSpan WaitedFor(Guid send) =>
        systemTime.GetUtcNow() - patience.GetOrAdd(send, _ => new Patience(systemTime.GetUtcNow(), 0)).Since;

    private void PutOff(IEnumerable<Guid> sends)
    {
        foreach (var send in sends)
        {
            var waited = patience.AddOrUpdate(send, _ => new Patience(systemTime.GetUtcNow(), 1), (_, before) => before with { Tries = before.Tries + 1 });
            Retry(send, waited.Tries);
        }
    }

    private void Retry(Guid send, int tries) => queue.Defer(
        send,
        TimeSpan.FromTicks(Math.Min(settings.RetryMax.Ticks, settings.RetryFirst.Ticks << Math.Min(tries - 1, 20))),
        holdsTime: tries <= HoldingTriesMax);

    private void Done(IEnumerable<Guid> sends)
    {
        var ended = sends.ToList();
        foreach (var send in ended)
            patience.TryRemove(send, out _);
        queue.Done(ended);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Sends} mails cannot be prepared now; they are put off.")]
    private static partial void LogPutOff(ILogger log, int sends, Exception fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Mails wait. {Why}")]
    private static partial void LogUnreachable(ILogger log, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A step of a round of mails failed; it is repeated.")]
    private static partial void LogInsisting(ILogger log, Exception fault);

    /// <summary>Since when, in system time, a send waits for something that is not in the outbox, and how often it was put off.</summary>
    private readonly record struct Patience(DateTimeOffset Since, int Tries);
}
