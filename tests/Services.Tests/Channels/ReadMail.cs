using System.Text;
using System.Text.RegularExpressions;

namespace Patron.Services.Tests.Channels;

/// <summary>A mail taken apart the way a reader's program does it, written without a look at how it is composed.</summary>
internal sealed partial record ReadMail(IReadOnlyDictionary<string, string> Headers, string Raw, string Text, string Html)
{
    public static ReadMail Of(byte[] bytes)
    {
        var raw = Encoding.ASCII.GetString(bytes);
        var (headers, body) = Split(raw);
        var boundary = Boundary().Match(headers["Content-Type"]).Groups[1].Value;
        var parts = body.Split($"--{boundary}");
        return new ReadMail(headers, raw, Decode(parts[1], "text/plain"), Decode(parts[2], "text/html"));
    }

    private static (Dictionary<string, string> Headers, string Body) Split(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var unfolded = text[..end].Replace("\r\n ", " ", StringComparison.Ordinal);
        var headers = unfolded.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(": ", 2)).ToDictionary(l => l[0], l => Words(l[1]));
        return (headers, text[(end + 4)..]);
    }

    private static string Decode(string part, string type)
    {
        var (headers, body) = Split(part.TrimStart('\r', '\n'));
        if (headers["Content-Type"] != $"{type}; charset=utf-8")
            throw new InvalidDataException(headers["Content-Type"]);
        return headers["Content-Transfer-Encoding"] switch
        {
            "base64" => Encoding.UTF8.GetString(Convert.FromBase64String(body)),
            "quoted-printable" => Encoding.UTF8.GetString(QuotedPrintable(body.Replace("=\r\n", "", StringComparison.Ordinal))),
            var other => throw new InvalidDataException(other),
        };
    }

    private static byte[] QuotedPrintable(string text)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '=')
            {
                bytes.Add(Convert.ToByte(text.Substring(i + 1, 2), 16));
                i += 2;
            }
            else
            {
                bytes.Add((byte)text[i]);
            }
        }

        return [.. bytes];
    }

    private static string Words(string value) => Word().Replace(
        BetweenWords().Replace(value, "?="), word => Encoding.UTF8.GetString(Convert.FromBase64String(word.Groups[1].Value)));

    [GeneratedRegex("boundary=\"([^\"]+)\"")]
    private static partial Regex Boundary();

    [GeneratedRegex(@"=\?utf-8\?B\?([A-Za-z0-9+/=]*)\?=")]
    private static partial Regex Word();

    [GeneratedRegex(@"\?= +(?==\?)")]
    private static partial Regex BetweenWords();
}
