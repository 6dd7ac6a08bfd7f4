using System.IO.Compression;
using System.Text;

namespace Patron.History;

/// <summary>
/// The file format: Brotli (RFC 7932) over a version number, the tables, then one column after the other. Numbers are LEB128 varints,
/// signed ones zigzag coded, texts UTF-8 after their length in bytes. Invoice numbers and minutes are differences to the run before.
/// </summary>
internal static class PackedFile
{
    private const int Version = 1;
    private const int WindowBits = 24;

    // The best quality, 11, takes three times as long for a tenth less.
    private const int Quality = 9;
    private const int PayloadBytesMax = 64 << 20;
    private const string Prefixes = "\0AC";

    /// <summary>Writes the packed file.</summary>
    public static void Write(Columns columns, Stream output)
    {
        using var payload = new MemoryStream();
        WritePayload(columns, new VarintWriter(payload));
        var packed = new byte[BrotliEncoder.GetMaxCompressedLength((int)payload.Length)];
        if (!BrotliEncoder.TryCompress(payload.GetBuffer().AsSpan(0, (int)payload.Length), packed, out var written, Quality, WindowBits))
            throw new InvalidOperationException("Brotli refused the payload.");
        output.Write(packed, 0, written);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or of another version.</exception>
    public static Columns Read(Stream packed)
    {
        var reader = new VarintReader(Decompress(packed));
        if (reader.Next() is var version && version != Version)
            throw new InvalidDataException($"The packed history has format {version}; this build reads {Version}.");
        var columns = ReadPayload(reader);
        if (!reader.AtEnd || columns.Runs.Sum(run => (long)run.LineCount) != columns.Lines.Length)
            throw new InvalidDataException("The packed history is damaged: its columns do not fit together.");
        return columns;
    }

    private static byte[] Decompress(Stream packed)
    {
        using var brotli = new BrotliStream(packed, CompressionMode.Decompress, leaveOpen: true);
        using var payload = new MemoryStream();
        var buffer = new byte[1 << 16];
        int read;
        try
        {
            while ((read = brotli.Read(buffer)) > 0)
            {
                payload.Write(buffer, 0, read);
                if (payload.Length > PayloadBytesMax)
                    throw new InvalidDataException($"The packed history is larger than {PayloadBytesMax} bytes.");
            }
        }
        catch (InvalidOperationException damaged)
        {
            throw new InvalidDataException("The packed history is damaged: it is not Brotli.", damaged);
        }

        return payload.ToArray();
    }

    private static void WritePayload(Columns columns, VarintWriter to)
    {
        to.Number(Version);
        to.Table(columns.Countries, to.Text);
        to.Table(columns.Products, product =>
        {
            to.Text(product.Code);
            to.Table(product.Descriptions, to.Text);
            to.Table(product.Prices, to.Signed);
        });
        var runs = columns.Runs;
        to.Number(runs.Length);
        foreach (var run in runs)
            to.Number(Prefixes.IndexOf(run.Prefix, StringComparison.Ordinal));
        for (var i = 0; i < runs.Length; i++)
            to.Signed(runs[i].Number - (i == 0 ? 0 : runs[i - 1].Number));
        for (var i = 0; i < runs.Length; i++)
            to.Signed(runs[i].Minute - (i == 0 ? 0 : runs[i - 1].Minute));
        foreach (var run in runs)
            to.Number(run.Customer);
        foreach (var run in runs)
            to.Number(run.Country);
        foreach (var run in runs)
            to.Number(run.LineCount);
        to.Number(columns.Lines.Length);
        foreach (var line in columns.Lines)
            to.Number(line.Product);
        foreach (var line in columns.Lines)
            to.Number(line.Description);
        foreach (var line in columns.Lines)
            to.Number(line.Price);
        foreach (var line in columns.Lines)
            to.Signed(line.Quantity);
    }

    private static Columns ReadPayload(VarintReader from)
    {
        var countries = from.Table(from.Text);
        var products = from.Table(() => new Columns.Product(from.Text(), from.Table(from.Text), from.Table(from.Signed)));
        var runs = new Columns.Run[from.Count()];
        for (var i = 0; i < runs.Length; i++)
            runs[i] = runs[i] with { Prefix = Prefixes[from.Next()] };
        for (var i = 0; i < runs.Length; i++)
            runs[i] = runs[i] with { Number = from.Signed() + (i == 0 ? 0 : runs[i - 1].Number) };
        for (var i = 0; i < runs.Length; i++)
            runs[i] = runs[i] with { Minute = from.Signed() + (i == 0 ? 0 : runs[i - 1].Minute) };
        for (var i = 0; i < runs.Length; i++)
            runs[i] = runs[i] with { Customer = from.Next() };
        for (var i = 0; i < runs.Length; i++)
            runs[i] = runs[i] with { Country = (byte)from.Next() };
        for (var i = 0; i < runs.Length; i++)
            runs[i] = runs[i] with { LineCount = from.Next() };
        var lines = new Columns.Line[from.Count()];
        for (var i = 0; i < lines.Length; i++)
            lines[i] = lines[i] with { Product = (ushort)from.Next() };
        for (var i = 0; i < lines.Length; i++)
            lines[i] = lines[i] with { Description = (byte)from.Next() };
        for (var i = 0; i < lines.Length; i++)
            lines[i] = lines[i] with { Price = (ushort)from.Next() };
        for (var i = 0; i < lines.Length; i++)
            lines[i] = lines[i] with { Quantity = from.Signed() };
        return new Columns { Countries = countries, Products = products, Runs = runs, Lines = lines };
    }

    private sealed class VarintWriter(Stream to)
    {
        public void Number(int value)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            Unsigned((uint)value);
        }

        public void Signed(int value) => Unsigned((uint)((value << 1) ^ (value >> 31)));

        public void Text(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            Number(bytes.Length);
            to.Write(bytes);
        }

        public void Table<T>(T[] items, Action<T> write)
        {
            Number(items.Length);
            foreach (var item in items)
                write(item);
        }

        private void Unsigned(uint value)
        {
            for (; value >= 0x80; value >>= 7)
                to.WriteByte((byte)(value | 0x80));
            to.WriteByte((byte)value);
        }
    }

    private sealed class VarintReader(byte[] bytes)
    {
        private int _position;

        public bool AtEnd => _position == bytes.Length;

        public int Next() => (int)Unsigned();

        public int Signed()
        {
            var value = Unsigned();
            return (int)(value >> 1) ^ -(int)(value & 1);
        }

        /// <summary>A count of things to come; each takes at least a byte, so a damaged count cannot ask for more memory than that.</summary>
        public int Count()
        {
            var count = Next();
            return count >= 0 && count <= bytes.Length - _position ? count : throw Damaged();
        }

        public string Text()
        {
            var length = Count();
            _position += length;
            return Encoding.UTF8.GetString(bytes, _position - length, length);
        }

        public T[] Table<T>(Func<T> read)
        {
            var items = new T[Count()];
            for (var i = 0; i < items.Length; i++)
                items[i] = read();
            return items;
        }

        private uint Unsigned()
        {
            uint value = 0;
            for (var shift = 0; shift < 35; shift += 7)
            {
                if (_position == bytes.Length)
                    throw Damaged();
                var next = bytes[_position++];
                value |= (uint)(next & 0x7F) << shift;
                if (next < 0x80)
                    return value;
            }

            throw Damaged();
        }

        private static InvalidDataException Damaged() => new("The packed history is damaged: a number or text runs over its end.");
    }
}
