using System.Collections.Concurrent;

namespace Patron.Segmentation;

/// <summary>
/// Small numbers for texts, from 1 on; 0 is the empty text. Codes are given in the order of asking and never change, so one book can serve
/// all partitions of an instance. Safe for several threads.
/// </summary>
/// <param name="codesMax">
/// The largest code. Texts that come after all are given share it and lose their name: no rule can name them any more, and they count as one.
/// </param>
internal sealed class CodeBook(int codesMax)
{
    private readonly Lock guard = new();
    private readonly ConcurrentDictionary<string, int> codes = new(StringComparer.Ordinal);
    private volatile string[] names = [""];
    private volatile int last;

    public int CodesMax => codesMax;

    /// <summary>The largest code that is given.</summary>
    public int Last => last;

    /// <summary>The text's code, given now if need be.</summary>
    public int CodeOf(string text)
    {
        if (text.Length == 0)
            return 0;
        if (codes.TryGetValue(text, out var known))
            return known;
        lock (guard)
        {
            if (codes.TryGetValue(text, out known))
                return known;
            if (last >= codesMax - 1)
            {
                last = codesMax;
                return codesMax;
            }

            var code = last + 1;
            if (names.Length == code)
            {
                var more = new string[names.Length * 2];
                names.CopyTo(more, 0);
                names = more;
            }

            names[code] = text;
            codes[text] = code;
            last = code;
            return code;
        }
    }

    /// <summary>The text's code, or null when nobody asked for one yet.</summary>
    public int? Find(string text) => text.Length == 0 ? 0 : codes.TryGetValue(text, out var code) ? code : null;

    public string NameOf(int code) => code == codesMax ? "" : names[code];

    /// <summary>The codes of the texts that <paramref name="isWanted"/> says, ascending.</summary>
    public int[] Where(Func<string, bool> isWanted)
    {
        var (known, until) = (names, last);
        return [.. Enumerable.Range(1, until).Where(code => code < codesMax && code < known.Length && known[code] is { } name && isWanted(name))];
    }
}

/// <summary>What the partitions of an instance have in common: the books of codes, and how customers are scored.</summary>
internal sealed class CodeBooks
{
    private const int AttributeTextsMax = 1_000_000;
    private readonly ConcurrentDictionary<string, CodeBook> attributes = new(StringComparer.Ordinal);

    /// <summary>How the instance scores customers.</summary>
    public Scoring Scoring { get; init; } = Scoring.Standard;

    /// <summary>The same for behaviours, whose types stand where purchases have their stores.</summary>
    public CodeBooks Behaviours => field ??= new() { Products = Products, Categories = Categories };

    public CodeBook Products { get; private init; } = new(int.MaxValue);

    public CodeBook Categories { get; private init; } = new(ushort.MaxValue);

    public CodeBook Stores { get; private init; } = new(ushort.MaxValue);

    /// <summary>The texts of an attribute; those that nobody has any more stay in it until the instance stops.</summary>
    public CodeBook Attribute(string key) => attributes.GetOrAdd(key, _ => new(AttributeTextsMax));

    public CodeBook Tiers { get; } = new(byte.MaxValue);

    /// <summary>Fixed: 1 is pos, 2 is eshop.</summary>
    public CodeBook Channels { get; } = new(byte.MaxValue);
}
