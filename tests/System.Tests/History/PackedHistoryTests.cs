using System.IO.Compression;
using System.Text;
using NUnit.Framework;
using Patron.History;

namespace Patron.System.Tests.History;

internal sealed class PackedHistoryTests
{
    private const int PackedBytesMax = 5_000_000;
    private const string SourceFile = "online_retail_uci.csv.gz";

    private const string Sample = HistoryPacker.Header + """

        536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01T08:26:00,2.55,17850,United Kingdom
        536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01T08:27:00,2.55,17850,United Kingdom
        C536379,gift_0001_40,"A ""£40"" gift, wrapped ",-1,2010-12-01T09:41:00,40.0,,"Man, Isle of"
        536365,PADS,,80995,2011-12-09T12:50:00,0.001,17850,United Kingdom
        A563186,B,Adjust bad debt,1,2011-12-09T12:50:00,-11062.06,,United Kingdom

        """;

    [Test]
    public void The_packed_year_is_at_most_five_megabytes()
    {
        using var packed = PurchaseHistory.OpenPacked();

        Assert.That(packed.Length, Is.InRange(1, PackedBytesMax));
    }

    [Test]
    public void Unpacking_the_shipped_file_gives_back_every_field_of_every_line_of_the_source()
    {
        using var source = OpenSource();
        using var packed = PurchaseHistory.OpenPacked();
        using var unpacked = new MemoryStream();

        HistoryPacker.Unpack(packed, unpacked);

        unpacked.Position = 0;
        using var expected = new StreamReader(source, Encoding.UTF8);
        using var actual = new StreamReader(unpacked, Encoding.UTF8);
        var lines = 0;
        while (expected.ReadLine() is { } line)
        {
            // A constraint for each of half a million lines would take longer than everything else.
            if (actual.ReadLine() is var other && other != line)
                Assert.Fail($"Line {lines + 1} is '{other}' instead of '{line}'.");
            lines++;
        }

        Assert.That(actual.ReadLine(), Is.Null);
        Assert.That(lines - 1, Is.EqualTo(541_909));
    }

    [Test]
    public void Packing_the_source_again_gives_the_columns_that_were_shipped()
    {
        using var source = OpenSource();
        using var packed = new MemoryStream();

        HistoryPacker.Pack(source, packed);

        packed.Position = 0;
        using var shipped = PurchaseHistory.OpenPacked();
        Assert.That(Payload(packed).AsSpan().SequenceEqual(Payload(shipped)), Is.True, "The packer no longer makes the file that is shipped.");
    }

    [Test]
    public void Packing_and_unpacking_keeps_quotes_signs_decimals_and_invoices_that_come_back_later()
    {
        using var packed = Packed(Sample);
        using var unpacked = new MemoryStream();

        HistoryPacker.Unpack(packed, unpacked);

        Assert.That(Encoding.UTF8.GetString(unpacked.ToArray()), Is.EqualTo(Sample));
    }

    [TestCase("536365,A,X,6,2010-12-01T08:26:00,2.5555,17850,France", "decimals")]
    [TestCase("536365,A,X,6,2010-12-01T08:26:30,2.5,17850,France", "whole minute")]
    [TestCase("X36365,A,X,6,2010-12-01T08:26:00,2.5,17850,France", "prefix X")]
    [TestCase("36365,A,X,6,2010-12-01T08:26:00,2.5,17850,France", "6 digits")]
    [TestCase("536365,A,X,6,2010-12-01T08:26:00,2.5,17850", "7 fields")]
    [TestCase("536365,A,\"X,6,2010-12-01T08:26:00,2.5,17850,France", "not closed")]
    public void A_line_that_could_not_be_given_back_is_refused_with_its_number(string line, string reason) =>
        Assert.That(
            () => Packed($"{HistoryPacker.Header}\n{line}\n"),
            Throws.InstanceOf<FormatException>().With.Message.StartsWith("Line 2: ").And.Message.Contains(reason));

    [Test]
    public void A_damaged_file_is_refused_instead_of_read_in_part()
    {
        using var packed = Packed(Sample);
        using var cut = new MemoryStream(packed.ToArray()[..((int)packed.Length / 2)]);

        Assert.That(() => HistoryPacker.Unpack(cut, Stream.Null), Throws.InstanceOf<InvalidDataException>());
    }

    private static MemoryStream Packed(string csv)
    {
        using var source = new MemoryStream(Encoding.UTF8.GetBytes(csv));
        var packed = new MemoryStream();
        HistoryPacker.Pack(source, packed);
        packed.Position = 0;
        return packed;
    }

    private static byte[] Payload(Stream packed)
    {
        using var brotli = new BrotliStream(packed, CompressionMode.Decompress, leaveOpen: true);
        using var payload = new MemoryStream();
        brotli.CopyTo(payload);
        return payload.ToArray();
    }

    private static GZipStream OpenSource()
    {
        var folder = Environment.GetEnvironmentVariable("PATRON_DATA");
        if (string.IsNullOrEmpty(folder))
            Assert.Ignore($"PATRON_DATA does not name a folder with {SourceFile}, so the shipped history cannot be compared with its source.");
        return new GZipStream(File.OpenRead(Path.Combine(FromTheCheckout(folder!), SourceFile)), CompressionMode.Decompress);
    }

    /// <summary>A test runs in its output folder, so a relative folder is taken from where the solution is.</summary>
    private static string FromTheCheckout(string folder)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Patron.slnx")))
            root = root.Parent;
        return root is null ? folder : Path.GetFullPath(folder, root.FullName);
    }
}
