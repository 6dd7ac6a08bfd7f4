using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Patron.Segmentation.Snapshots;

/// <summary>Copies fields one after another into memory: name, count, and the values as they lie there (little endian).</summary>
internal sealed class SnapshotCopy(ArrayBufferWriter<byte> into) : SnapshotFields
{
    public override bool Reads => false;

    public override void Array<T>(string name, ref T[] values)
    {
        Text(name);
        Count(values.Length);
        into.Write(MemoryMarshal.AsBytes<T>(values));
    }

    public override void Codes<T>(string name, ref T[] codes, CodeBook book)
    {
        Array(name, ref codes);
        var used = UsedIn(codes, book.Last);
        Count(used.Count);
        foreach (var code in used)
        {
            Count(code);
            Text(book.NameOf(code));
        }
    }

    public override void Bitmaps(string name, Dictionary<string, ulong[]> bitmaps)
    {
        Text(name);
        Count(bitmaps.Count);
        foreach (var (key, bits) in bitmaps)
        {
            var words = bits;
            Array(key, ref words);
        }
    }

    private static List<int> UsedIn<T>(T[] codes, int last)
        where T : unmanaged, IBinaryInteger<T>
    {
        var seen = new bool[last + 1];
        foreach (var code in codes)
            seen[int.CreateTruncating(code)] = true;
        return [.. Enumerable.Range(1, last).Where(code => seen[code])];
    }

    private void Text(string text)
    {
        Count(Encoding.UTF8.GetByteCount(text));
        into.Write(Encoding.UTF8.GetBytes(text));
    }

    private void Count(int count) => into.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in count)));
}
