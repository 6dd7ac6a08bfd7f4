using System.Buffers;
using System.Text;

namespace Patron.Channels.Email;

/// <summary>Text as mail carries it: encoded words in headers, quoted-printable or base64 in bodies. Every line ends with CR LF.</summary>
internal static class MailText
{
    /// <summary>RFC 5322, 2.1.1: lines should be no longer, without CR LF.</summary>
    private const int LineMax = 76;

    /// <summary>RFC 2047, 2: an encoded word is at most 75 characters; 39 bytes leave room for a header's name on the line of 76.</summary>
    private const int WordBytesMax = 39;

    private static readonly SearchValues<char> Specials = SearchValues.Create("()<>[]:;@\\,.\"");

    /// <summary>The value of an unstructured header such as Subject: as it is, or as encoded words (RFC 2047) on folded lines.</summary>
    public static string Header(string text)
    {
        text = OneLine(text);
        return Ascii.IsValid(text) && text.Length <= LineMax && !text.Contains("=?", StringComparison.Ordinal) ? text : Words(text);
    }

    /// <summary>A display name before an address: an atom, a quoted string or encoded words (RFC 5322, 3.4).</summary>
    public static string DisplayName(string name)
    {
        name = OneLine(name);
        if (!Ascii.IsValid(name) || name.Length > LineMax || name.Contains("=?", StringComparison.Ordinal))
            return Words(name);
        if (!name.AsSpan().ContainsAny(Specials))
            return name;
        var escaped = name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        return $"\"{escaped}\"";
    }

    /// <summary>The transfer encoding that keeps this text shortest and readable, and the text in it.</summary>
    public static (string Encoding, string Body) Body(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n"));
        var wide = bytes.Count(b => b >= 0x80);
        return wide > bytes.Length / 6 ? ("base64", Base64(bytes)) : ("quoted-printable", QuotedPrintable(bytes));
    }

    private static string Words(string text)
    {
        var words = new StringBuilder();
        var word = new List<byte>(WordBytesMax);
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            // A character is never split over two words: readers decode each by itself.
            var length = rune.EncodeToUtf8(utf8);
            if (word.Count + length > WordBytesMax)
                Flush();
            word.AddRange(utf8[..length]);
        }

        Flush();
        return words.ToString();

        void Flush()
        {
            words.Append(words.Length == 0 ? "" : "\r\n ").Append("=?utf-8?B?").Append(Convert.ToBase64String([.. word])).Append("?=");
            word.Clear();
        }
    }

    // Names and subjects come from people: a line break in one must not become a header.
    private static string OneLine(string text) => string.Create(text.Length, text, (line, source) =>
    {
        for (var i = 0; i < line.Length; i++)
            line[i] = char.IsControl(source[i]) ? ' ' : source[i];
    }).Trim();

    private static string Base64(byte[] bytes)
    {
        var body = new StringBuilder((bytes.Length * 4 / 3) + (bytes.Length / 28) + 4);
        foreach (var line in bytes.Chunk(LineMax / 4 * 3))
            body.Append(Convert.ToBase64String(line)).Append("\r\n");
        return body.ToString();
    }

    /// <summary>RFC 2045, 6.7.</summary>
    private static string QuotedPrintable(byte[] bytes)
    {
        var body = new StringBuilder(bytes.Length + (bytes.Length / 16));
        var column = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] == '\r' && i + 1 < bytes.Length && bytes[i + 1] == '\n')
            {
                body.Append("\r\n");
                (column, i) = (0, i + 1);
                continue;
            }

            var endsLine = i + 1 == bytes.Length || bytes[i + 1] == '\r';
            var plain = bytes[i] is >= 33 and <= 126 and not (byte)'=' || (bytes[i] is (byte)' ' or (byte)'\t' && !endsLine);
            var length = plain ? 1 : 3;
            if (column + length > LineMax - 1)
            {
                body.Append("=\r\n");
                column = 0;
            }

            if (plain)
                body.Append((char)bytes[i]);
            else
                body.Append('=').Append(Convert.ToHexString(bytes, i, 1));
            column += length;
        }

        return body.Append(column > 0 ? "\r\n" : "").ToString();
    }
}
