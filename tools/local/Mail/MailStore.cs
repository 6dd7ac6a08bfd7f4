using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Patron.Local;

/// <summary>
/// All mails in one append-only file, each after a line "#mail {number} {bytes}", with an index of one JSON line a mail beside it. A mail
/// is counted once its index line is whole, so a killed catcher comes back with every mail that it acknowledged.
/// </summary>
internal sealed class MailStore : IAsyncDisposable
{
    private readonly FileStream _mails;
    private readonly FileStream _index;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _listGate = new();
    private readonly Queue<CaughtMail> _listed = new();
    private readonly Dictionary<string, CaughtMail> _byMessageId = new(StringComparer.Ordinal);
    private readonly int _listedMax;
    private long _count;

    public MailStore(string folder, int listedMax)
    {
        _listedMax = listedMax;
        Directory.CreateDirectory(folder);
        _mails = Open(Path.Combine(folder, "mails.mbox"));
        _index = Open(Path.Combine(folder, "mails.index"));
        ReadIndex();
    }

    public long Count => Interlocked.Read(ref _count);

    /// <summary>The latest mails, oldest first.</summary>
    public IReadOnlyList<CaughtMail> Listed()
    {
        lock (_listGate)
            return [.. _listed];
    }

    public CaughtMail? Find(string messageId)
    {
        lock (_listGate)
            return _byMessageId.GetValueOrDefault(messageId);
    }

    public async Task AddAsync(
        string from, IReadOnlyList<string> recipients, ReadOnlyMemory<byte> content, DateTimeOffset received, CancellationToken cancellation)
    {
        var subject = MailHeader.Field(content.Span, "Subject");
        var messageId = MailHeader.Field(content.Span, "Message-ID").Trim('<', '>');
        await _turn.WaitAsync(cancellation);
        try
        {
            var number = _count + 1;
            var title = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"#mail {number} {content.Length}\n"));
            var mail = new CaughtMail(number, from, recipients, subject, messageId, received, _mails.Position + title.Length, content.Length);
            // Once begun both are written to the end, or the files would hold half a mail.
            await _mails.WriteAsync((byte[])[.. title, .. content.Span, (byte)'\n'], CancellationToken.None);
            await _index.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(mail), (byte)'\n'], CancellationToken.None);
            List(mail);
        }
        finally
        {
            _turn.Release();
        }
    }

    public async Task<byte[]> ReadAsync(CaughtMail mail, CancellationToken cancellation)
    {
        var content = new byte[mail.Bytes];
        var read = 0;
        while (read < content.Length)
        {
            var now = await RandomAccess.ReadAsync(_mails.SafeFileHandle, content.AsMemory(read), mail.Offset + read, cancellation);
            read += now > 0 ? now : throw new EndOfStreamException($"Mail {mail.Number} is cut off.");
        }

        return content;
    }

    public async ValueTask DisposeAsync()
    {
        await _mails.DisposeAsync();
        await _index.DisposeAsync();
        _turn.Dispose();
    }

    // Without a buffer, so that a written mail is with the operating system before it is acknowledged.
    private static FileStream Open(string path) =>
        new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0, FileOptions.Asynchronous);

    private void ReadIndex()
    {
        var whole = 0L;
        var end = 0L;
        var bytes = new byte[_index.Length];
        _index.ReadExactly(bytes);
        for (int length; (length = bytes.AsSpan((int)whole).IndexOf((byte)'\n')) >= 0; whole += length + 1)
        {
            var mail = JsonSerializer.Deserialize<CaughtMail>(bytes.AsSpan((int)whole, length))!;
            end = mail.Offset + mail.Bytes + 1;
            List(mail);
        }

        // A killed process may have left half a line, and a mail that has no line yet; its sender got no reply and sends again.
        _index.SetLength(whole);
        _index.Position = whole;
        _mails.SetLength(end);
        _mails.Position = end;
    }

    private void List(CaughtMail mail)
    {
        lock (_listGate)
        {
            _listed.Enqueue(mail);
            if (mail.MessageId.Length > 0)
                _byMessageId[mail.MessageId] = mail;
            if (_listed.Count > _listedMax)
            {
                var oldest = _listed.Dequeue();
                if (_byMessageId.GetValueOrDefault(oldest.MessageId) == oldest)
                    _byMessageId.Remove(oldest.MessageId);
            }

            Interlocked.Exchange(ref _count, mail.Number);
        }
    }
}
