using System.Net.Sockets;
using System.Text;

namespace Patron.Channels.Email;

/// <summary>
/// One connection to a mail server: ESMTP with PIPELINING (RFC 5321, RFC 2920), so that a message costs two round trips. Used by one
/// caller at a time; after a failure it is of no further use.
/// </summary>
internal sealed class SmtpConnection : IDisposable
{
    /// <summary>RFC 5321, 4.5.3.1.5 allows replies of 512 octets; servers are more talkative.</summary>
    private const int ReplyBytesMax = 8 * 1024;

    private readonly Socket socket;
    private readonly TimeSpan timeout;
    private readonly byte[] received = new byte[ReplyBytesMax];
    private int held;
    private bool pipelining;

    private SmtpConnection(Socket socket, TimeSpan timeout) => (this.socket, this.timeout) = (socket, timeout);

    /// <summary>False once anything went wrong.</summary>
    public bool IsUsable { get; private set; } = true;

    /// <summary>True while nothing has arrived unasked, such as a farewell.</summary>
    public bool IsQuiet => IsUsable && held == 0 && !socket.Poll(0, SelectMode.SelectRead);

    /// <exception cref="SmtpUnavailableException">The server cannot be reached or does not greet.</exception>
    public static async Task<SmtpConnection> OpenAsync(SmtpSettings settings, CancellationToken cancellation)
    {
        var connection = new SmtpConnection(new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }, settings.Timeout);
        try
        {
            using (var deadline = connection.Deadline(cancellation))
                await connection.socket.ConnectAsync(settings.Host, settings.Port, deadline.Token);
            await connection.GreetAsync(cancellation);
            return connection;
        }
        catch (Exception fault) when (fault is SocketException or IOException || IsTimeout(fault, cancellation))
        {
            connection.Dispose();
            throw new SmtpUnavailableException(fault is SocketException refused ? refused.SocketErrorCode.ToString() : "no proper greeting", fault);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Hands one message over. Never throws for what a server or network does; only when cancelled.</summary>
    public async Task<SmtpOutcome> SendAsync(OutgoingMail mail, CancellationToken cancellation)
    {
        var contentGiven = false;
        try
        {
            var (mailFrom, rcptTo, data) = await EnvelopeAsync(mail, cancellation);
            if (data is { Code: 354 } && rcptTo.IsPositive)
            {
                var stuffed = DotStuffing.Apply(mail.Content);
                contentGiven = true;
                await WriteAsync(stuffed, cancellation);
                return Judge(await ReadReplyAsync(cancellation));
            }

            // A pipelining server may ask for content although it knows no recipient: it gets none (RFC 2920, 3.1).
            if (data is { Code: 354 })
            {
                await WriteAsync(".\r\n"u8.ToArray(), cancellation);
                await ReadReplyAsync(cancellation);
            }

            var refusal = !mailFrom.IsPositive ? mailFrom : !rcptTo.IsPositive ? rcptTo : data!.Value;
            if (refusal.Code != 421)
                await CommandAsync("RSET\r\n", cancellation);
            return Judge(refusal);
        }
        catch (Exception fault) when (fault is SocketException or IOException || IsTimeout(fault, cancellation))
        {
            IsUsable = false;
            return contentGiven ? new SmtpOutcome.Unknown() : new SmtpOutcome.NotReached();
        }
        catch
        {
            IsUsable = false;
            throw;
        }
    }

    public void Dispose()
    {
        IsUsable = false;
        socket.Dispose();
    }

    private SmtpOutcome Judge(SmtpReply reply)
    {
        if (reply.Code == 421)
            IsUsable = false;
        return reply.IsPositive ? new SmtpOutcome.Accepted(reply) : new SmtpOutcome.Refused(reply);
    }

    private async Task<(SmtpReply MailFrom, SmtpReply RcptTo, SmtpReply? Data)> EnvelopeAsync(OutgoingMail mail, CancellationToken cancellation)
    {
        var from = $"MAIL FROM:<{mail.From}>\r\n";
        var to = $"RCPT TO:<{mail.To}>\r\n";
        if (pipelining)
        {
            await WriteAsync(Encoding.ASCII.GetBytes($"{from}{to}DATA\r\n"), cancellation);
            return (await ReadReplyAsync(cancellation), await ReadReplyAsync(cancellation), await ReadReplyAsync(cancellation));
        }

        var mailFrom = await CommandAsync(from, cancellation);
        if (!mailFrom.IsPositive)
            return (mailFrom, mailFrom, null);
        var rcptTo = await CommandAsync(to, cancellation);
        return (mailFrom, rcptTo, rcptTo.IsPositive ? await CommandAsync("DATA\r\n", cancellation) : null);
    }

    private async Task GreetAsync(CancellationToken cancellation)
    {
        var greeting = await ReadReplyAsync(cancellation);
        if (greeting.Code != 220)
            throw new IOException($"The mail server greets with {greeting.Status}.");
        await WriteAsync(Encoding.ASCII.GetBytes($"EHLO {HostName()}\r\n"), cancellation);
        var hello = await ReadReplyAsync(cancellation, line => pipelining |= line.Equals("PIPELINING", StringComparison.OrdinalIgnoreCase));
        if (!hello.IsPositive)
            throw new IOException($"The mail server answers EHLO with {hello.Status}.");
    }

    // A name with other characters would end the session with some servers.
    private static string HostName() =>
        System.Net.Dns.GetHostName() is { Length: > 0 } name && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.') ? name : "localhost";

    private async Task<SmtpReply> CommandAsync(string command, CancellationToken cancellation)
    {
        await WriteAsync(Encoding.ASCII.GetBytes(command), cancellation);
        return await ReadReplyAsync(cancellation);
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        using var deadline = Deadline(cancellation);
        while (bytes.Length > 0)
            bytes = bytes[await socket.SendAsync(bytes, deadline.Token)..];
    }

    /// <summary>The last line of a reply of one or more lines.</summary>
    private async Task<SmtpReply> ReadReplyAsync(CancellationToken cancellation, Action<string>? onLine = null)
    {
        using var deadline = Deadline(cancellation);
        while (true)
        {
            int end;
            while ((end = received.AsSpan(0, held).IndexOf((byte)'\n')) < 0)
            {
                if (held == received.Length)
                    throw new IOException("A line of a reply is too long.");
                var count = await socket.ReceiveAsync(received.AsMemory(held), deadline.Token);
                if (count == 0)
                    throw new IOException("The mail server closed the connection.");
                held += count;
            }

            var line = Encoding.UTF8.GetString(received, 0, end).TrimEnd('\r');
            received.AsSpan(end + 1, held - end - 1).CopyTo(received);
            held -= end + 1;
            if (line.Length < 3 || !int.TryParse(line.AsSpan(0, 3), out var code) || code is < 200 or > 599)
                throw new IOException("The mail server does not speak SMTP.");
            var text = line.Length > 4 ? line[4..] : "";
            onLine?.Invoke(text);
            if (line.Length == 3 || line[3] != '-')
                return new SmtpReply(code, text);
        }
    }

    private CancellationTokenSource Deadline(CancellationToken cancellation)
    {
        var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(timeout);
        return deadline;
    }

    private static bool IsTimeout(Exception fault, CancellationToken cancellation) =>
        fault is OperationCanceledException && !cancellation.IsCancellationRequested;
}

/// <summary>The mail server cannot be used now; nothing was handed over.</summary>
internal sealed class SmtpUnavailableException(string why, Exception inner) : Exception($"The mail server cannot be used: {why}.", inner);
