using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Patron.Segmentation.Snapshots;

/// <summary>Puts fields back that <see cref="SnapshotCopy"/> copied. Throws <see cref="SnapshotException"/> where others were.</summary>
internal sealed class SnapshotContent(ReadOnlyMemory<byte> content) : SnapshotFields
{
    private int at;

    public override bool Reads => true;

    public override void Array<T>(string name, ref T[] values)
    {
        if (Text() is var found && found != name)
            throw new SnapshotException($"has the column '{found}' where '{name}' is now");
        values = Values<T>();
    }

    public override void Codes<T>(string name, ref T[] codes, CodeBook book)
    {
        Array(name, ref codes);
        var named = Count();
        var now = new Dictionary<int, int>(named);
        var last = 0;
        for (var i = 0; i < named; i++)
        {
            last = Count();
            now[last] = Text() is { Length: > 0 } text ? book.CodeOf(text) : book.CodesMax;
        }

        if (now.All(code => code.Key == code.Value))
            return;
        var table = new T[last + 1];
        foreach (var (before, code) in now)
            table[before] = T.CreateTruncating(code);
        foreach (ref var code in codes.AsSpan())
            code = table[int.CreateTruncating(code)];
    }

    public override void Bitmaps(string name, Dictionary<string, ulong[]> bitmaps)
    {
        if (Text() is var found && found != name)
            throw new SnapshotException($"has the columns '{found}' where '{name}' are now");
        bitmaps.Clear();
        for (var left = Count(); left > 0; left--)
            bitmaps.Add(Text(), Values<ulong>());
    }

    /// <summary>Nothing is left.</summary>
    public void End()
    {
        if (at != content.Length)
            throw new SnapshotException("has columns that are not there any more");
    }

    private T[] Values<T>()
        where T : unmanaged
    {
        var values = new T[Count()];
        var bytes = MemoryMarshal.AsBytes(values.AsSpan());
        Take(bytes.Length).CopyTo(bytes);
        return values;
    }

    private string Text() => Encoding.UTF8.GetString(Take(Count()));

    private int Count() => MemoryMarshal.Read<int>(Take(sizeof(int)));

    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (bytes < 0 || bytes > content.Length - at)
            throw new SnapshotException("ends before its last column");
        at += bytes;
        return content.Span.Slice(at - bytes, bytes);
    }
}
