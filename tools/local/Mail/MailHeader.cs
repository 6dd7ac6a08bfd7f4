using System.Text;

namespace Patron.Local;

/// <summary>Reads the two header fields that the index shows.</summary>
internal static class MailHeader
{
    /// <summary>A field's unfolded value with encoded words (RFC 2047) decoded, or empty. Undecodable words stay as they are.</summary>
    public static string Field(ReadOnlySpan<byte> mail, string name)
    {
        var end = mail.IndexOf("\r\n\r\n"u8);
        var header = Encoding.UTF8.GetString(end < 0 ? mail : mail[..end]);
        var value = new StringBuilder();
        var inside = false;
        foreach (var line in header.Split("\r\n"))
        {
            if (line.Length > 0 && line[0] is ' ' or '\t')
            {
                if (inside)
                    value.Append(line);
            }
            else if (inside)
            {
                break;
            }
            else if (line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
            {
                inside = true;
                value.Append(line, name.Length + 1, line.Length - name.Length - 1);
            }
        }

        return Decode(value.ToString().Trim());
    }

    private static string Decode(string value)
    {
        var decoded = new StringBuilder();
        var words = value.Split(' ', '\t');
        var lastEncoded = false;
        for (var i = 0; i < words.Length; i++)
        {
            if (words[i].Length == 0)
                continue;
            var text = Word(words[i]);
            // White space between two encoded words belongs to neither.
            if (decoded.Length > 0 && !(lastEncoded && text is not null))
                decoded.Append(' ');
            decoded.Append(text ?? words[i]);
            lastEncoded = text is not null;
        }

        return decoded.ToString();
    }

    private static string? Word(string word)
    {
        var parts = word.Split('?');
        if (parts.Length != 5 || parts[0] != "=" || parts[4] != "=")
            return null;
        try
        {
            var bytes = parts[2] is "B" or "b" ? Convert.FromBase64String(parts[3]) : QuotedPrintable(parts[3]);
            return Encoding.GetEncoding(parts[1]).GetString(bytes);
        }
        catch (Exception undecodable) when (undecodable is FormatException or ArgumentException)
        {
            return null;
        }
    }

    private static byte[] QuotedPrintable(string text)
    {
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '=')
            {
                bytes.Add(Convert.FromHexString(text.AsSpan(i + 1, 2))[0]);
                i += 2;
            }
            else
            {
                bytes.Add(text[i] == '_' ? (byte)' ' : (byte)text[i]);
            }
        }

        return [.. bytes];
    }
}
