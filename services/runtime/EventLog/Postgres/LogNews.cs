using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Patron.Runtime.EventLog.Postgres;

/// <summary>
/// Tells other processes which topics have news, and hears it from them: one LISTEN connection, and one notification an interval at
/// most, outside of any publishing transaction. Losing one costs a reader its poll interval, nothing else.
/// </summary>
internal sealed partial class LogNews(
    NpgsqlDataSource dataSource, LogSql sql, TimeSpan interval, Action<IReadOnlyCollection<int>?> onNews, ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(15);

    private readonly string self = Guid.CreateVersion7().ToString("N");
    private readonly ConcurrentDictionary<int, bool> changed = new();
    private readonly SemaphoreSlim telling = new(0, 1);
    private readonly CancellationTokenSource stop = new();
    private readonly Lock starting = new();
    private Task work = Task.CompletedTask;
    private bool started;

    public void Start()
    {
        lock (starting)
        {
            if (started)
                return;
            started = true;
            work = Task.WhenAll(ListenAsync(stop.Token), TellAsync(stop.Token));
        }
    }

    public void Tell(int topicId)
    {
        if (!changed.TryAdd(topicId, true))
            return;
        try
        {
            telling.Release();
        }
        catch (SemaphoreFullException)
        {
            // The teller has been woken already and will find this topic too.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await work;
        stop.Dispose();
    }

    private async Task TellAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await telling.WaitAsync(cancellation);
                var topics = changed.Keys.ToArray();
                foreach (var topic in topics)
                    changed.TryRemove(topic, out _);
                await NotifyAsync(topics, cancellation);
                await Task.Delay(interval, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Told to stop.
        }
    }

    private async Task NotifyAsync(int[] topics, CancellationToken cancellation)
    {
        if (topics.Length == 0)
            return;
        try
        {
            await using var command = dataSource.CreateCommand(sql.Notify);
            command.Parameters.Add(new() { Value = $"{self}:{string.Join(',', topics)}" });
            await command.ExecuteNonQueryAsync(cancellation);
        }
        catch (NpgsqlException failure)
        {
            NotTold(logger, failure);
        }
    }

    private async Task ListenAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await ListenOnceAsync(cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure is NpgsqlException or IOException or TimeoutException)
            {
                ListeningLost(logger, failure);
                await Task.Delay(RetryDelay, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ListenOnceAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        connection.Notification += (_, heard) => Hear(heard.Payload);
        await ExecuteAsync(sql.Listen);
        // What was told while nobody listened is found by looking once.
        onNews(null);
        while (true)
        {
            // A connection that died silently is noticed by asking for something.
            if (!await connection.WaitAsync(ProbeInterval, cancellation))
                await ExecuteAsync("select 1");
        }

        async Task ExecuteAsync(string text)
        {
            await using var command = new NpgsqlCommand(text, connection);
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }

    private void Hear(string payload)
    {
        var colon = payload.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || payload.AsSpan(0, colon).SequenceEqual(self))
            return;
        onNews(payload[(colon + 1)..].Split(',').Select(id => int.Parse(id, CultureInfo.InvariantCulture)).ToArray());
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Other processes could not be told of new records; they find them by polling")]
    private static partial void NotTold(ILogger logger, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The connection that listens for new records was lost; readers poll until it is back")]
    private static partial void ListeningLost(ILogger logger, Exception failure);
}
