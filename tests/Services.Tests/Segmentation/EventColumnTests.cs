using NUnit.Framework;
using Patron.Segmentation;

namespace Patron.Services.Tests.Segmentation;

internal sealed class EventColumnTests
{
    private readonly List<LineCodes> lines = [];

    [Test]
    public void Lines_are_sorted_by_customer_and_day_and_those_of_a_receipt_stay_together()
    {
        var events = new EventColumns();
        Add(events, 1, 50, 1, begins: true);
        Add(events, 0, 20, 2, begins: true);
        Add(events, 1, 50, 3, begins: false);
        Add(events, 1, 50, 4, begins: true);
        Add(events, 1, 40, 5, begins: true);
        events.Merge(rows: 3, keptFrom: 1);
        Add(events, 1, 45, 6, begins: true);
        Add(events, 1, 50, 7, begins: true);
        events.Merge(rows: 3, keptFrom: 1);

        Assert.That(Amounts(events, 0), Is.EqualTo(new[] { 2 }));
        Assert.That(Amounts(events, 1), Is.EqualTo(new[] { 5, 6, 1, 3, 4, 7 }));
        Assert.That(Amounts(events, 2), Is.Empty);
    }

    [Test]
    public void Dropped_lines_are_gone_at_once_and_old_ones_with_the_next_merge()
    {
        var events = new EventColumns();
        Add(events, 0, 10, 1, begins: true);
        Add(events, 1, 20, 2, begins: true);
        events.Merge(rows: 2, keptFrom: 1);
        Add(events, 1, 30, 3, begins: true);
        Add(events, 0, 30, 4, begins: true);
        events.Drop(1);
        Add(events, 1, 31, 5, begins: true);

        Assert.That(Amounts(events, 1), Is.EqualTo(new[] { 5 }));
        Assert.That(Amounts(events, 0), Is.EqualTo(new[] { 1, 4 }));
        events.Merge(rows: 2, keptFrom: 11);
        Assert.That((Amounts(events, 0), Amounts(events, 1), events.Count), Is.EqualTo((new[] { 4 }, new[] { 5 }, 2)));
    }

    [Test]
    public void An_amount_of_more_than_four_bytes_is_kept_whole()
    {
        var events = new EventColumns();
        Add(events, 0, 10, 90_000_000_000, begins: true);
        Add(events, 0, 11, long.MinValue, begins: true);
        events.Merge(rows: 1, keptFrom: 1);
        Add(events, 0, 12, -5, begins: true);
        events.Merge(rows: 1, keptFrom: 1);

        Assert.That(Amounts(events, 0), Is.EqualTo(new[] { 90_000_000_000, long.MinValue, -5 }));
    }

    [Test]
    public void A_line_takes_sixteen_bytes_and_a_customer_four_more()
    {
        var events = new EventColumns();
        for (var i = 0; i < 10_000; i++)
            Add(events, i / 10, 10, i, begins: true);
        events.Merge(rows: 1_000, keptFrom: 1);

        Assert.That((events.Bytes.Sorted, events.Bytes.Offsets), Is.EqualTo((16 * 10_000, 4 * 1_001)));
    }

    [Test]
    public void Customers_are_found_by_their_ids()
    {
        var random = new Random(1);
        var ids = Enumerable.Range(0, 10_000).Select(_ => Tagging.Rows.Id(random)).ToArray();
        var index = new RowIndex();
        for (var row = 0; row < ids.Length; row++)
        {
            Assert.That(index.Find(ids[row], ids), Is.EqualTo(-1));
            index.Add(row, ids);
        }

        Assert.That(ids.Select(id => index.Find(id, ids)), Is.EqualTo(Enumerable.Range(0, ids.Length)));
        Assert.That(index.Bytes / ids.Length, Is.LessThan(12));
    }

    [Test]
    public void Texts_have_codes_that_stay_and_those_past_the_largest_share_one()
    {
        var book = new CodeBook(codesMax: 4);

        Assert.That(new[] { "a", "b", "", "c", "d", "e", "a" }.Select(book.CodeOf), Is.EqualTo(new[] { 1, 2, 0, 3, 4, 4, 1 }));
        Assert.That((book.NameOf(3), book.NameOf(4), book.Find("d"), book.Find("z")), Is.EqualTo(("c", "", (int?)null, (int?)null)));
        Assert.That(book.Where(name => name != "b"), Is.EqualTo(new[] { 1, 3 }));
    }

    private static void Add(EventColumns events, int row, ushort day, long amount, bool begins) =>
        events.Add(row, new(day, 0, 0, 0, LineFlags.Sold | (begins ? LineFlags.Begins : 0), 0, amount));

    private long[] Amounts(EventColumns events, int row)
    {
        events.Read(row, lines);
        return [.. lines.Select(line => line.Amount)];
    }
}
