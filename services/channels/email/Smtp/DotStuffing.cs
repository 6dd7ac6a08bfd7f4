namespace Patron.Channels.Email;

/// <summary>RFC 5321, 4.5.2: a line that begins with a dot gets another one, and a line of one dot ends the content.</summary>
internal static class DotStuffing
{
    /// <summary>The content as it goes over the wire, with its end.</summary>
    public static byte[] Apply(ReadOnlySpan<byte> content)
    {
        var extra = content.StartsWith("."u8) ? 1 : 0;
        extra += content.Count("\n."u8);
        var open = !content.EndsWith("\r\n"u8);
        var wire = new byte[content.Length + extra + (open ? 2 : 0) + 3];
        var at = 0;
        if (content.StartsWith("."u8))
            wire[at++] = (byte)'.';
        for (var i = 0; i < content.Length;)
        {
            var next = extra == 0 ? -1 : content[i..].IndexOf("\n."u8);
            var end = next < 0 ? content.Length : i + next + 1;
            content[i..end].CopyTo(wire.AsSpan(at));
            at += end - i;
            if (next >= 0)
                wire[at++] = (byte)'.';
            i = end;
        }

        (open ? "\r\n.\r\n"u8 : ".\r\n"u8).CopyTo(wire.AsSpan(at));
        return wire;
    }
}
