using System.Numerics;

namespace Patron.Segmentation.Snapshots;

/// <summary>
/// What the columns of a partition consist of, told once for both ways: the same calls write every field, or read it in its place. Each names
/// itself, so that a snapshot of other columns than these is noticed.
/// </summary>
internal abstract class SnapshotFields
{
    /// <summary>False while a snapshot is written.</summary>
    public abstract bool Reads { get; }

    public abstract void Array<T>(string name, ref T[] values)
        where T : unmanaged;

    /// <summary>Codes of a book, which gives others after a restart: their texts go along.</summary>
    public abstract void Codes<T>(string name, ref T[] codes, CodeBook book)
        where T : unmanaged, IBinaryInteger<T>;

    public abstract void Bitmaps(string name, Dictionary<string, ulong[]> bitmaps);

    public void Number(string name, ref long value)
    {
        long[] only = [value];
        Array(name, ref only);
        value = only[0];
    }

    /// <summary>What is read takes the place of what was there.</summary>
    public void All<T>(string name, ICollection<T> values)
        where T : unmanaged
    {
        T[] all = [.. values];
        Array(name, ref all);
        if (!Reads)
            return;
        values.Clear();
        foreach (var value in all)
            values.Add(value);
    }
}

/// <summary>A snapshot that cannot be used; the message goes after the file's name: it says why.</summary>
internal sealed class SnapshotException(string message) : Exception(message);
