using System.Collections.Concurrent;

namespace Patron.Channels.Email;

/// <summary>A bounded number of connections to the mail server, kept open between rounds.</summary>
internal sealed class SmtpPool(SmtpSettings settings, int connectionsMax) : IDisposable
{
    private readonly SemaphoreSlim free = new(connectionsMax, connectionsMax);
    private readonly ConcurrentStack<SmtpConnection> idle = new();

    /// <summary>Makes sure that the server can be used, so that nothing is begun while it cannot.</summary>
    /// <exception cref="SmtpUnavailableException">It cannot be reached.</exception>
    public async Task CheckAsync(CancellationToken cancellation)
    {
        await free.WaitAsync(cancellation);
        try
        {
            idle.Push(Reuse() ?? await SmtpConnection.OpenAsync(settings, cancellation));
        }
        finally
        {
            free.Release();
        }
    }

    /// <summary>Hands all messages over, over several connections; outcomes in the same order. Throws only when cancelled.</summary>
    public async Task<SmtpOutcome[]> SendAsync(IReadOnlyList<OutgoingMail> mails, CancellationToken cancellation)
    {
        var outcomes = new SmtpOutcome[mails.Count];
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Math.Min(connectionsMax, mails.Count)).Select(_ => DrainAsync()));
        return outcomes;

        async Task DrainAsync()
        {
            await free.WaitAsync(cancellation);
            SmtpConnection? connection = null;
            try
            {
                int i;
                while ((i = Interlocked.Increment(ref next)) < mails.Count)
                    (outcomes[i], connection) = await SendAsync(mails[i], connection, cancellation);
            }
            finally
            {
                if (connection is { IsUsable: true })
                    idle.Push(connection);
                else
                    connection?.Dispose();
                free.Release();
            }
        }
    }

    public void Dispose()
    {
        while (idle.TryPop(out var connection))
            connection.Dispose();
        free.Dispose();
    }

    /// <summary>A connection that the server gave up meanwhile shows before any content is given: then a new one is tried, once.</summary>
    private async Task<(SmtpOutcome Outcome, SmtpConnection? Connection)> SendAsync(
        OutgoingMail mail, SmtpConnection? connection, CancellationToken cancellation)
    {
        for (var fresh = false; ; fresh = true)
        {
            try
            {
                connection ??= (fresh ? null : Reuse()) ?? await SmtpConnection.OpenAsync(settings, cancellation);
            }
            catch (SmtpUnavailableException)
            {
                return (new SmtpOutcome.NotReached(), null);
            }

            var outcome = await connection.SendAsync(mail, cancellation);
            if (!connection.IsUsable)
            {
                connection.Dispose();
                connection = null;
            }

            if (fresh || outcome is not SmtpOutcome.NotReached)
                return (outcome, connection);
        }
    }

    private SmtpConnection? Reuse()
    {
        while (idle.TryPop(out var connection))
        {
            if (connection.IsQuiet)
                return connection;
            connection.Dispose();
        }

        return null;
    }
}
