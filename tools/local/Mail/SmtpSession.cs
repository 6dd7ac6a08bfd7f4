using System.Buffers;
using System.Text;

namespace Patron.Local;

/// <summary>One client's conversation (RFC 5321).</summary>
internal sealed class SmtpSession(
    Stream stream, MailCatcherOptions options, MailStore store, TimeProvider clock, Func<IReadOnlyList<MailFault>> faults)
{
    private readonly SmtpReader _reader = new(stream, options.LineBytesMax);
    private readonly StringBuilder _replies = new();
    private readonly List<string> _recipients = [];
    private string? _from;
    private bool _greeted;

    public async Task RunAsync(CancellationToken cancellation)
    {
        Reply("220 patron mail catcher ESMTP");
        await FlushAsync(cancellation);
        while (await _reader.ReadAsync(cancellation) is (Line: { } line, var tooLong))
        {
            var going = tooLong ? Answer("500 5.5.2 Line too long") : await ObeyAsync(Encoding.UTF8.GetString(line.Span), cancellation);
            // With PIPELINING the replies to commands that came together go back together.
            if (!_reader.HasMore || !going)
                await FlushAsync(cancellation);
            if (!going)
                return;
        }
    }

    private async ValueTask<bool> ObeyAsync(string line, CancellationToken cancellation)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        var (verb, rest) = space < 0 ? (line, "") : (line[..space], line[(space + 1)..].Trim());
        switch (verb.ToUpperInvariant())
        {
            case "EHLO":
                Forget();
                _greeted = true;
                return Answer(
                    "250-patron", "250-PIPELINING", $"250-SIZE {options.MessageBytesMax}", "250-8BITMIME", "250-SMTPUTF8", "250 ENHANCEDSTATUSCODES");
            case "HELO":
                Forget();
                _greeted = true;
                return Answer("250 patron");
            case "MAIL":
                return Mail(rest);
            case "RCPT":
                return Recipient(rest);
            case "DATA":
                return await DataAsync(cancellation);
            case "RSET":
                Forget();
                return Answer("250 2.0.0 Forgotten");
            case "NOOP":
                return Answer("250 2.0.0 Here");
            case "QUIT":
                Reply("221 2.0.0 Bye");
                return false;
            default:
                return Answer("500 5.5.1 No such command");
        }
    }

    private bool Mail(string rest)
    {
        if (!_greeted)
            return Answer("503 5.5.1 EHLO comes first");
        if (_from is not null)
            return Answer("503 5.5.1 One sender only");
        if (Path(rest, "FROM:") is not ({ } from, var parameters))
            return Answer("501 5.5.4 MAIL FROM:<address>");
        foreach (var parameter in parameters.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = parameter.Split('=', 2) is [var left, var right] ? (left, right) : (parameter, "");
            switch (name.ToUpperInvariant())
            {
                case "SIZE" when long.TryParse(value, out var size):
                    if (size > options.MessageBytesMax)
                        return Answer("552 5.3.4 Message too big");
                    break;
                case "BODY" or "SMTPUTF8":
                    break;
                default:
                    return Answer("555 5.5.4 No such parameter");
            }
        }

        _from = from;
        return Answer("250 2.1.0 Ok");
    }

    private bool Recipient(string rest)
    {
        if (_from is null)
            return Answer("503 5.5.1 MAIL comes first");
        if (Path(rest, "TO:") is not ({ Length: > 0 } recipient, _))
            return Answer("501 5.5.4 RCPT TO:<address>");
        if (_recipients.Count == options.RecipientsMax)
            return Answer("452 4.5.3 Too many recipients");
        if (FaultFor([recipient]) is { Kind: MailFaultKind.Refuse } fault)
            return Answer(fault.Reply);
        _recipients.Add(recipient);
        return Answer("250 2.1.5 Ok");
    }

    private async ValueTask<bool> DataAsync(CancellationToken cancellation)
    {
        if (_recipients.Count == 0)
            return Answer(_from is null ? "503 5.5.1 MAIL comes first" : "554 5.5.1 No valid recipients");
        Reply("354 End with a line that holds one dot");
        await FlushAsync(cancellation);
        var content = new ArrayBufferWriter<byte>(4096);
        var refusal = default(string);
        while (true)
        {
            var (line, tooLong) = await _reader.ReadAsync(cancellation);
            if (line is not { } text)
                return false;
            if (tooLong)
                refusal ??= "500 5.6.0 Line too long";
            else if (text.Span.SequenceEqual("."u8))
                break;
            else if (content.WrittenCount + text.Length + 2 > options.MessageBytesMax)
                refusal ??= "552 5.3.4 Message too big";
            else if (refusal is null)
                Append(content, text.Span);
        }

        return refusal is null ? await KeepAsync(content.WrittenMemory, cancellation) : ForgetAndAnswer(refusal);
    }

    private async ValueTask<bool> KeepAsync(ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var fault = FaultFor(_recipients);
        switch (fault?.Kind)
        {
            case MailFaultKind.DropBeforeKeeping:
                return false;
            case MailFaultKind.RefuseData:
                return ForgetAndAnswer(fault.Reply);
        }

        await store.AddAsync(_from!, [.. _recipients], content, clock.GetUtcNow(), cancellation);
        if (fault?.Kind == MailFaultKind.DropAfterKeeping)
            return false;
        if (fault?.Kind == MailFaultKind.Delay)
            await Task.Delay(fault.Delay, cancellation);
        return ForgetAndAnswer("250 2.0.0 Kept");
    }

    private MailFault? FaultFor(IReadOnlyList<string> recipients) => faults().FirstOrDefault(it => recipients.Any(it.Applies));

    private static void Append(ArrayBufferWriter<byte> content, ReadOnlySpan<byte> line)
    {
        // A leading dot was doubled by the sender (RFC 5321, 4.5.2).
        content.Write(line is [(byte)'.', ..] ? line[1..] : line);
        content.Write("\r\n"u8);
    }

    private static (string? Address, string Parameters) Path(string rest, string keyword)
    {
        if (!rest.StartsWith(keyword, StringComparison.OrdinalIgnoreCase))
            return (null, "");
        var path = rest[keyword.Length..].TrimStart();
        var end = path.IndexOf('>', StringComparison.Ordinal);
        return path is ['<', ..] && end > 0 ? (path[1..end], path[(end + 1)..]) : (null, "");
    }

    private void Forget()
    {
        _from = null;
        _recipients.Clear();
    }

    private bool ForgetAndAnswer(string reply)
    {
        Forget();
        return Answer(reply);
    }

    private bool Answer(params ReadOnlySpan<string> lines)
    {
        foreach (var line in lines)
            Reply(line);
        return true;
    }

    private void Reply(string line) => _replies.Append(line).Append("\r\n");

    private async Task FlushAsync(CancellationToken cancellation)
    {
        if (_replies.Length == 0)
            return;
        var bytes = Encoding.UTF8.GetBytes(_replies.ToString());
        _replies.Clear();
        await stream.WriteAsync(bytes, cancellation);
    }
}
