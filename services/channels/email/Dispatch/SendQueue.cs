namespace Patron.Channels.Email;

/// <summary>
/// The sends whose turn is to come, by id: new ones as soon as they are about to be committed, deferred ones when their time has come.
/// Bounded: what does not fit is found in the outbox later. Thread safe.
/// </summary>
internal sealed class SendQueue(TimeProvider systemTime) : IDisposable
{
    private const int WaitingMax = 20_000;

    private readonly Lock gate = new();
    private readonly SemaphoreSlim news = new(0, 1);
    private readonly Queue<Guid> waiting = new();
    private readonly PriorityQueue<Guid, DateTimeOffset> deferred = new();
    private readonly Dictionary<Guid, bool> known = [];
    private int holding;
    private long looksWanted;
    private long looksDone;
    private bool looking;

    /// <summary>True when no send is waiting that could be worked on now or shortly. Cheap.</summary>
    public bool IsIdle
    {
        get
        {
            lock (gate)
                return holding == 0 && looksDone == looksWanted;
        }
    }

    /// <summary>Every send that is waiting or being worked on here.</summary>
    public IReadOnlyCollection<Guid> Known
    {
        get
        {
            lock (gate)
                return [.. known.Keys];
        }
    }

    public void Offer(IEnumerable<Guid> sends)
    {
        lock (gate)
        {
            foreach (var send in sends)
            {
                if (known.Count >= WaitingMax)
                    looksWanted++;
                else if (known.TryAdd(send, true))
                {
                    waiting.Enqueue(send);
                    holding++;
                }
            }
        }

        Wake();
    }

    /// <summary>The outbox may hold sends that are not known here.</summary>
    public void LookIntoOutbox()
    {
        lock (gate)
            looksWanted++;
        Wake();
    }

    /// <summary>
    /// Waits for work: up to <paramref name="sendsMax"/> sends; or none, and then a look into the outbox is due, which the caller takes and
    /// ends by <see cref="Looked"/>.
    /// </summary>
    public async Task<(List<Guid> Sends, long Look)> TakeAsync(int sendsMax, CancellationToken cancellation)
    {
        while (true)
        {
            TimeSpan? wait;
            lock (gate)
            {
                var now = systemTime.GetUtcNow();
                while (deferred.TryPeek(out var due, out var at) && at <= now)
                {
                    waiting.Enqueue(due);
                    deferred.Dequeue();
                }

                if (waiting.Count > 0)
                    return (Next(sendsMax), 0);
                if (looksDone < looksWanted && !looking && known.Count < WaitingMax / 2)
                {
                    looking = true;
                    return ([], looksWanted);
                }

                wait = deferred.TryPeek(out _, out var next) ? next - now : null;
            }

            await news.WaitAsync(wait is { } until ? (int)Math.Clamp(until.TotalMilliseconds + 1, 1, 60_000) : Timeout.Infinite, cancellation);
        }
    }

    /// <summary>Ends a look into the outbox.</summary>
    /// <param name="complete">It found everything that was there when it was taken.</param>
    public void Looked(long look, bool complete)
    {
        lock (gate)
        {
            looking = false;
            if (complete)
                looksDone = look;
        }

        Wake();
    }

    /// <summary>These are at their end, or not this instance's.</summary>
    public void Done(IEnumerable<Guid> sends)
    {
        lock (gate)
        {
            foreach (var send in sends)
            {
                if (known.Remove(send, out var held) && held)
                    holding--;
            }
        }
    }

    /// <summary>Comes back after a while of system time.</summary>
    /// <param name="holdsTime">False when it waits for the outside world for so long that business time must not wait for it.</param>
    public void Defer(Guid send, TimeSpan delay, bool holdsTime)
    {
        lock (gate)
        {
            if (!known.TryGetValue(send, out var held))
                return;
            holding += (holdsTime ? 1 : 0) - (held ? 1 : 0);
            known[send] = holdsTime;
            deferred.Enqueue(send, systemTime.GetUtcNow() + delay);
        }

        Wake();
    }

    public void Dispose() => news.Dispose();

    private List<Guid> Next(int sendsMax)
    {
        var taken = new List<Guid>(Math.Min(sendsMax, waiting.Count));
        while (taken.Count < sendsMax && waiting.TryDequeue(out var send))
            taken.Add(send);
        if (waiting.Count > 0)
            Wake();
        return taken;
    }

    private void Wake()
    {
        try
        {
            if (news.CurrentCount == 0)
                news.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else woke the reader.
        }
    }
}
