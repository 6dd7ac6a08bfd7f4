namespace Patron.Local;

/// <summary>Reads lines that end in CR LF from a connection, through one buffer for commands and data alike.</summary>
internal sealed class SmtpReader(Stream stream, int lineBytesMax)
{
    private readonly byte[] _buffer = new byte[Math.Max(lineBytesMax + 2, 64 << 10)];
    private int _start;
    private int _end;

    /// <summary>Whether something more was sent already, so that replies may wait and go out together.</summary>
    public bool HasMore => _start < _end;

    /// <summary>
    /// The next line without its end, valid until the next call; null when the client closed. <c>TooLong</c> says that the line was longer
    /// than allowed and has been skipped whole.
    /// </summary>
    public async ValueTask<(ReadOnlyMemory<byte>? Line, bool TooLong)> ReadAsync(CancellationToken cancellation)
    {
        var tooLong = false;
        var searched = 0;
        while (true)
        {
            var found = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf("\r\n"u8);
            if (found >= 0)
            {
                var line = _buffer.AsMemory(_start, searched + found);
                _start += line.Length + 2;
                return (line, tooLong || line.Length > lineBytesMax);
            }

            if (_end - _start > lineBytesMax + 1)
            {
                // Only a last CR may still turn out to begin the line's end.
                tooLong = true;
                _start = _end - 1;
            }

            searched = Math.Max(0, _end - _start - 1);
            if (!await FillAsync(cancellation))
                return (null, false);
        }
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start.._end).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
        _end += read;
        return read > 0;
    }
}
