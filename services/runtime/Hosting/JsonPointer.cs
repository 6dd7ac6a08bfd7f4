using System.Text;

namespace Patron.Runtime.Hosting;

/// <summary>Turns System.Text.Json's own path notation into JSON pointers (RFC 6901).</summary>
internal static class JsonPointer
{
    /// <summary><c>$.lines[2].price</c> becomes <c>/lines/2/price</c>, <c>$['a.b']</c> becomes <c>/a.b</c>; null and <c>$</c> become "".</summary>
    public static string FromPath(string? path)
    {
        var pointer = new StringBuilder();
        var rest = (path ?? "").AsSpan().TrimStart('$');
        while (rest.Length > 0)
        {
            var step = NextStep(ref rest);
            pointer.Append('/').Append(step.ToString().Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal));
        }
        return pointer.ToString();
    }

    private static ReadOnlySpan<char> NextStep(ref ReadOnlySpan<char> rest)
    {
        if (rest.StartsWith("['"))
            return Cut(ref rest, 2, "']");
        if (rest[0] == '[')
            return Cut(ref rest, 1, "]");
        var name = rest[0] == '.' ? rest[1..] : rest;
        var end = name.IndexOfAny('.', '[');
        rest = end < 0 ? [] : name[end..];
        return end < 0 ? name : name[..end];
    }

    private static ReadOnlySpan<char> Cut(ref ReadOnlySpan<char> rest, int start, string close)
    {
        var inner = rest[start..];
        var end = inner.IndexOf(close);
        rest = end < 0 ? [] : inner[(end + close.Length)..];
        return end < 0 ? inner : inner[..end];
    }
}
