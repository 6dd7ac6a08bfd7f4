using System.Runtime.InteropServices;

namespace Patron.Segmentation;

/// <summary>
/// Whole numbers by row, each in as few of 1, 2, 4 or 8 bytes as the widest needs. What was never set is 0, and so is what lies past the end.
/// </summary>
internal sealed class PackedColumn
{
    private byte[] bytes = [];
    private int width = 1;

    public long Bytes => bytes.Length;

    public long At(int row) => (row + 1) * width > bytes.Length ? 0 : width switch
    {
        1 => (sbyte)bytes[row],
        2 => As<short>()[row],
        4 => As<int>()[row],
        _ => As<long>()[row],
    };

    public void Set(int row, long value)
    {
        if (value == 0 && (row + 1) * width > bytes.Length)
            return;
        Widen(value switch
        {
            >= sbyte.MinValue and <= sbyte.MaxValue => 1,
            >= short.MinValue and <= short.MaxValue => 2,
            >= int.MinValue and <= int.MaxValue => 4,
            _ => 8,
        });
        if ((row + 1) * width > bytes.Length)
            Array.Resize(ref bytes, Math.Max(row + 1, bytes.Length / width * 9 / 8) * width);
        Put(row, value);
    }

    /// <summary>The values of rows one after another.</summary>
    public void Read(int firstRow, Span<long> into)
    {
        for (var place = 0; place < into.Length; place++)
            into[place] = At(firstRow + place);
    }

    private Span<T> As<T>()
        where T : struct => MemoryMarshal.Cast<byte, T>(bytes.AsSpan());

    private void Put(int row, long value)
    {
        switch (width)
        {
            case 1:
                bytes[row] = (byte)value;
                break;
            case 2:
                As<short>()[row] = (short)value;
                break;
            case 4:
                As<int>()[row] = (int)value;
                break;
            default:
                As<long>()[row] = value;
                break;
        }
    }

    private void Widen(int needed)
    {
        if (needed <= width)
            return;
        var wider = new PackedColumn { width = needed, bytes = new byte[bytes.Length / width * needed] };
        for (var row = 0; row < bytes.Length / width; row++)
            wider.Put(row, At(row));
        (bytes, width) = (wider.bytes, needed);
    }
}
