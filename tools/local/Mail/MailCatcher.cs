using System.Net;
using System.Net.Sockets;

namespace Patron.Local;

/// <summary>
/// A small SMTP server on 127.0.0.1 that delivers nowhere: it keeps each mail in a folder for people and tests to look at. EHLO, PIPELINING,
/// SIZE, 8BITMIME and SMTPUTF8 (RFC 5321, 2920, 1870, 6152, 6531); no STARTTLS and no authentication.
/// </summary>
public sealed class MailCatcher : IAsyncDisposable
{
    private readonly MailCatcherOptions _options;
    private readonly TimeProvider _clock;
    private readonly MailStore _store;
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _free;
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _sessions = [];
    private readonly Task _accepting;
    private volatile IReadOnlyList<MailFault> _faults = [];

    private MailCatcher(MailCatcherOptions options, TimeProvider clock, MailStore store, TcpListener listener)
    {
        _options = options;
        _clock = clock;
        _store = store;
        _listener = listener;
        _free = new SemaphoreSlim(options.ConnectionsMax, options.ConnectionsMax);
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>All mails ever kept in the folder.</summary>
    public long Count => _store.Count;

    /// <summary>The latest mails, oldest first, as many as the options list.</summary>
    public IReadOnlyList<CaughtMail> Mails => _store.Listed();

    /// <summary>What goes wrong on purpose, from the next command on. Empty means that all is accepted.</summary>
    public IReadOnlyList<MailFault> Faults
    {
        get => _faults;
        set => _faults = value;
    }

    /// <summary>Reads what the folder holds and listens.</summary>
    /// <param name="options">Folder, port and limits.</param>
    /// <param name="clock">Stamps each mail with the time it was received.</param>
    /// <exception cref="IOException">Another catcher has the folder.</exception>
    /// <exception cref="SocketException">The port is taken.</exception>
    public static MailCatcher Start(MailCatcherOptions options, TimeProvider clock)
    {
        var store = new MailStore(options.Folder, options.ListedMax);
        var listener = new TcpListener(IPAddress.Loopback, options.Port);
        listener.Start(backlog: 512);
        return new MailCatcher(options, clock, store, listener);
    }

    /// <summary>A listed mail by its Message-ID without angle brackets, the latest if several have it; null if none.</summary>
    public CaughtMail? Find(string messageId) => _store.Find(messageId);

    /// <summary>The mail as it was sent, headers and all.</summary>
    public Task<byte[]> ReadAsync(CaughtMail mail, CancellationToken cancellation) => _store.ReadAsync(mail, cancellation);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        Task[] sessions;
        lock (_gate)
            sessions = [.. _sessions];
        await Task.WhenAll(sessions);
        await _store.DisposeAsync();
        _stop.Dispose();
        _free.Dispose();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                await _free.WaitAsync(_stop.Token);
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                Track(ServeAsync(socket));
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private void Track(Task session)
    {
        lock (_gate)
        {
            _sessions.RemoveWhere(it => it.IsCompleted);
            _sessions.Add(session);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            socket.NoDelay = true;
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            await new SmtpSession(stream, _options, _store, _clock, () => _faults).RunAsync(_stop.Token);
        }
        catch (Exception gone) when (gone is IOException or SocketException or OperationCanceledException)
        {
            // The client went away or the catcher is being stopped: nothing was acknowledged that is not kept.
        }
        finally
        {
            _free.Release();
        }
    }
}
