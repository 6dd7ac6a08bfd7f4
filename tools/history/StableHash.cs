namespace Patron.History;

/// <summary>
/// A hash that is the same in every process and on every machine (FNV-1a over UTF-16 code units, finished as in SplitMix64), so that
/// whatever is invented from it is invented again. Not for security.
/// </summary>
internal static class StableHash
{
    /// <summary>Answers the hash of a text for one purpose; different purposes give unrelated numbers.</summary>
    public static ulong Of(string text, string purpose)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in purpose)
            hash = (hash ^ c) * 1099511628211UL;
        hash = (hash ^ 0xFFFF) * 1099511628211UL;
        foreach (var c in text)
            hash = (hash ^ c) * 1099511628211UL;
        return Finish(hash);
    }

    /// <summary>Answers a number from 0 to <paramref name="count"/> − 1.</summary>
    public static int Below(int count, string text, string purpose) => (int)(Of(text, purpose) % (ulong)count);

    private static ulong Finish(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
