using System.Text;
using NUnit.Framework;
using Patron.Profile;

namespace Patron.Services.Tests.Profile.Import;

[TestFixture]
[CancelAfter(60_000)]
internal sealed class RecordBlocksTests
{
    private const byte Comma = (byte)',';

    [Test]
    public async Task Rows_end_where_their_quotes_let_them(CancellationToken cancellation)
    {
        const string Text = "a,b\n1,\"two\nlines, and \"\"quotes\"\"\"\n2,5\" pipe\n\"3\",x\r\n\n4,last";
        var blocks = new RecordBlocks(new DripStream(Text, 3), new RowFormat(Comma), 0, 1);
        var rows = new List<string>();
        long offset = 0;
        while (await blocks.NextAsync(2, cancellation) is { } block)
        {
            Assert.That((block.Offset, block.Row), Is.EqualTo((offset, rows.Count + 1)));
            offset = block.NextOffset;
            rows.AddRange(Enumerable.Range(0, block.Count).Select(i => Encoding.UTF8.GetString(block[i])));
            block.Dispose();
        }
        Assert.That(rows, Is.EqualTo((string[])["a,b", "1,\"two\nlines, and \"\"quotes\"\"\"", "2,5\" pipe", "\"3\",x", "", "4,last"]));
        Assert.That(offset, Is.EqualTo(Encoding.UTF8.GetByteCount(Text)));
    }

    [Test]
    public void A_quote_that_is_never_closed_is_named_before_it_takes_all_memory(CancellationToken cancellation)
    {
        var blocks = new RecordBlocks(new MemoryStream(Encoding.UTF8.GetBytes("a\n\"" + new string('x', 3_000_000))), new RowFormat(Comma), 0, 1);
        Assert.That(
            async () =>
            {
                while (await blocks.NextAsync(1_000, cancellation) is not null)
                {
                }
            },
            Throws.InstanceOf<InvalidDataException>().With.Message.StartsWith("Row 2 has more than"));
    }

    [Test]
    public async Task Rows_that_belong_together_are_not_parted(CancellationToken cancellation)
    {
        var text = string.Concat(Enumerable.Range(0, 100).Select(i => $"R{i / 7},{i}\n"));
        var blocks = new RecordBlocks(new DripStream(text, 11), new RowFormat(Comma), 0, 1)
        {
            BelongTogether = (one, next) => RecordBlocks.FieldOf(one, Comma, 0).SequenceEqual(RecordBlocks.FieldOf(next, Comma, 0)),
        };
        var counts = new List<int>();
        while (await blocks.NextAsync(10, cancellation) is { } block)
            counts.Add(block.Count);
        Assert.That(counts, Is.EqualTo((int[])[14, 14, 14, 14, 14, 14, 14, 2]));
    }

    /// <summary>Gives a few bytes at a time, as a network does.</summary>
    private sealed class DripStream(string text, int bytesMax) : MemoryStream(Encoding.UTF8.GetBytes(text))
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(bytesMax, buffer.Length)], cancellationToken);
    }
}
