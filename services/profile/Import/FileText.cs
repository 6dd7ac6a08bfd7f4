using System.Text;

namespace Patron.Profile;

/// <summary>In which encoding a file is written, by its first bytes. Everything behind reads UTF-8.</summary>
/// <param name="BomBytes">The byte order mark before the text.</param>
internal sealed record FileText(Encoding Encoding, int BomBytes)
{
    /// <summary>How much of a file is looked at.</summary>
    public const int HeadBytes = 1024 * 1024;

    private static readonly FileText Utf8 = new(Encoding.UTF8, 0);

    public bool IsUtf8 => Encoding.CodePage == Encoding.UTF8.CodePage;

    /// <summary>
    /// A byte order mark decides; else what is valid UTF-8 is that. Of the Chinese encodings Big5 has second bytes below 0xA1 in a third of its
    /// characters, common GB18030 text has none. Where most of them are letters, they are the text of Western words such as Müller. Null: none of
    /// these; the encoding must be named.
    /// </summary>
    public static FileText? Detect(ReadOnlySpan<byte> head)
    {
        if (head is [0xEF, 0xBB, 0xBF, ..])
            return new FileText(Encoding.UTF8, 3);
        if (head is [0xFF, 0xFE, ..])
            return new FileText(Encoding.Unicode, 2);
        if (head is [0xFE, 0xFF, ..])
            return new FileText(Encoding.BigEndianUnicode, 2);
        if (Utf8Valid(head))
            return Utf8;

        var isBig5 = Decodes("big5", head);
        var isGb = Decodes("gb18030", head);
        var (pairs, low, letters) = Pairs(head);
        if (letters * 5 > pairs * 3)
            return null;
        return (isBig5, isGb) switch
        {
            (true, true) => Named(low * 20 > pairs ? "big5" : "gb18030"),
            (true, false) => Named("big5"),
            (false, true) => Named("gb18030"),
            _ => null,
        };
    }

    /// <summary>The encoding of this IANA name; null when there is none.</summary>
    public static FileText? Named(string name)
    {
        try
        {
            var encoding = CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
            return new FileText(encoding, 0);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>The text in UTF-8 from a place in it on; places are counted in UTF-8 after the mark, whatever the file's encoding.</summary>
    /// <param name="file">At its start.</param>
    public async Task<Stream> OpenAsync(Stream file, long place, CancellationToken cancellation)
    {
        await SkipAsync(file, BomBytes, cancellation);
        var text = IsUtf8 ? file : Encoding.CreateTranscodingStream(file, Encoding, Encoding.UTF8);
        if (IsUtf8 && file.CanSeek)
            file.Seek(place, SeekOrigin.Current);
        else
            await SkipAsync(text, place, cancellation);
        return text;
    }

    private static async Task SkipAsync(Stream stream, long bytes, CancellationToken cancellation)
    {
        var buffer = new byte[64 * 1024];
        while (bytes > 0)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(bytes, buffer.Length)), cancellation);
            if (read == 0)
                return;
            bytes -= read;
        }
    }

    // The head may end within a character.
    private static bool Utf8Valid(ReadOnlySpan<byte> head)
    {
        for (var cut = 0; cut < 4 && cut <= head.Length; cut++)
        {
            if (System.Text.Unicode.Utf8.IsValid(head[..^cut]))
                return true;
            if (head.Length < HeadBytes)
                return false;
        }
        return false;
    }

    private static bool Decodes(string name, ReadOnlySpan<byte> head)
    {
        var encoding = CodePagesEncodingProvider.Instance.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)!;
        try
        {
            var decoder = encoding.GetDecoder();
            decoder.GetCharCount(head, flush: head.Length < HeadBytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    private static (int Pairs, int Low, int Letters) Pairs(ReadOnlySpan<byte> head)
    {
        var (pairs, low, letters) = (0, 0, 0);
        for (var i = 0; i + 1 < head.Length; i++)
        {
            if (head[i] < 0x81)
                continue;
            pairs++;
            if (head[i + 1] is >= 0x40 and < 0xA1)
                low++;
            if (char.IsAsciiLetter((char)head[i + 1]))
                letters++;
            i++;
        }
        return (pairs, low, letters);
    }
}
