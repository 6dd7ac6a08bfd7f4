using System.Buffers;
using System.Collections;
using System.Reflection;
using NUnit.Framework;
using Patron.Segmentation;
using Patron.Segmentation.Snapshots;

namespace Patron.Services.Tests.Segmentation;

/// <summary>What columns copy to a snapshot and read from it.</summary>
internal sealed class ColumnSnapshotTests
{
    private const BindingFlags Fields = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;
    private static readonly DateTimeOffset Now = BrandDaysTests.At("2011-12-09T02:30:00Z");

    /// <summary>
    /// Memory that is used again, which says nothing of a customer, lines that are merged before they are copied, attributes, which are opened in
    /// memory only, and predictions, which the next scan makes.
    /// </summary>
    private static readonly HashSet<string> NotKept =
    [
        "PartitionColumns.lines", "EventColumns.delta", "EventColumns.newest", "PartitionColumns.<Attributes>k__BackingField",
        "PartitionColumns.<Predictions>k__BackingField",
    ];

    [Test]
    public void No_field_of_the_columns_is_forgotten()
    {
        var books = new CodeBooks();
        var columns = Filled(books);
        var again = new PartitionColumns(books, BrandDaysTests.London);
        Restore(again, Copy(columns));

        var kept = new List<string>();
        Compare(columns, again, kept);
        Assert.That(kept, Has.Count.GreaterThan(25));
        Assert.That(kept, Does.Contain("EventColumns.wide").And.Contain("RowIndex.slots").And.Contain("PurchaseDays.previous"));
    }

    [Test]
    public void Another_process_gives_other_codes_and_knows_the_same_of_everybody()
    {
        var columns = Filled(new CodeBooks());
        var books = new CodeBooks();
        foreach (var other in SegmentWorld.Products.Append("HAT").Reverse())
            books.Products.CodeOf(other);
        foreach (var other in SegmentWorld.Categories.Prepend("other").Reverse())
            books.Categories.CodeOf(other);
        books.Tiers.CodeOf("platinum");
        books.Stores.CodeOf("york");
        var again = new PartitionColumns(books, BrandDaysTests.London);
        Restore(again, Copy(columns));

        Assert.That(again.Count, Is.EqualTo(columns.Count));
        for (var row = 0; row < columns.Count; row++)
            Assert.That(RowText(again, again.Find(columns.CustomerAt(row))!.Value), Is.EqualTo(RowText(columns, row)));
    }

    [Test]
    public void Texts_beyond_the_last_code_stay_without_a_name()
    {
        var book = new CodeBook(2);
        byte[] codes = [0, (byte)book.CodeOf("a"), (byte)book.CodeOf("b"), (byte)book.CodeOf("c")];
        var copy = new ArrayBufferWriter<byte>();
        new SnapshotCopy(copy).Codes("codes", ref codes, book);
        var again = new CodeBook(5);
        again.CodeOf("z");
        byte[] read = [];
        new SnapshotContent(copy.WrittenMemory).Codes("codes", ref read, again);

        Assert.That(read.Select(code => again.NameOf(code)), Is.EqualTo(new[] { "", "a", "", "" }));
        Assert.That(read[2], Is.EqualTo(5).And.EqualTo(read[3]));
    }

    [Test]
    public void Other_columns_than_these_are_refused()
    {
        var copy = new ArrayBufferWriter<byte>();
        int[] values = [1, 2];
        new SnapshotCopy(copy).Array("shoe size", ref values);

        Assert.That(() => new SnapshotContent(copy.WrittenMemory).Array("hat size", ref values), Throws.TypeOf<SnapshotException>()
            .With.Message.EqualTo("has the column 'shoe size' where 'hat size' is now"));
        Assert.That(() => new SnapshotContent(copy.WrittenMemory[..^1]).Array("shoe size", ref values), Throws.TypeOf<SnapshotException>()
            .With.Message.EqualTo("ends before its last column"));
        Assert.That(() => new SnapshotContent(copy.WrittenMemory).End(), Throws.TypeOf<SnapshotException>());
    }

    [Test]
    public void Attributes_are_in_no_snapshot()
    {
        var columns = Filled(new CodeBooks());
        columns.Attributes.Replace(3, new Dictionary<string, string> { ["city"] = "Taipei" });

        Assert.That(System.Text.Encoding.UTF8.GetString(Copy(columns).Span), Does.Not.Contain("Taipei").And.Not.Contain("city"));
    }

    private static PartitionColumns Filled(CodeBooks books)
    {
        var world = new SegmentWorld(seed: 5);
        var customers = world.Customers(300, Now);
        var columns = new PartitionColumns(books, BrandDaysTests.London);
        foreach (var fact in world.Facts(customers, Now))
            Columns.Apply(columns, fact);
        columns.Erase(7);
        return columns;
    }

    private static ReadOnlyMemory<byte> Copy(PartitionColumns columns)
    {
        var copy = new ArrayBufferWriter<byte>();
        columns.Keep(new SnapshotCopy(copy));
        return copy.WrittenMemory;
    }

    private static void Restore(PartitionColumns columns, ReadOnlyMemory<byte> copy)
    {
        var content = new SnapshotContent(copy);
        columns.Keep(content);
        content.End();
    }

    private static void Compare(object one, object other, List<string> kept)
    {
        foreach (var field in one.GetType().GetFields(Fields))
        {
            var name = $"{one.GetType().Name}.{field.Name}";
            var (value, read) = (field.GetValue(one)!, field.GetValue(other)!);
            if (NotKept.Contains(name))
                continue;
            if (value.GetType().Namespace == typeof(PartitionColumns).Namespace && value is not (CodeBooks or BrandDays))
            {
                Compare(value, read, kept);
                continue;
            }

            // Behaviours lie as purchases do, but without amounts.
            Assert.That(
                HoldsSomething(value) || kept.Contains(name), Is.True,
                $"The world of this test puts nothing into {name}: let it, or the test proves nothing of it.");
            Assert.That(read, Is.EqualTo(value), $"{name} is not in the snapshot: name it in Keep.");
            kept.Add(name);
        }
    }

    private static bool HoldsSomething(object value) => value switch
    {
        IDictionary named => named.Count > 0,
        long[][] columns => columns.All(column => column.Any(of => of != 0)),
        IEnumerable values => values.Cast<object>().Any(of => !of.Equals(Activator.CreateInstance(of.GetType()))) || value is HashSet<int> { Count: > 0 },
        _ => true,
    };

    private static string RowText(PartitionColumns columns, int row)
    {
        var values = columns.Read(row);
        var lines = values.Lines.Concat(values.Behaviours);
        return $"{values with { Tags = [], Consents = [], Lines = [], Behaviours = [] }} {string.Join(' ', values.Tags.Concat(values.Consents))} "
            + $"{string.Join(' ', lines)} {columns.PurchaseDays.Count[row]} {columns.PurchaseDays.Previous[row]} {columns.IsErased(row)}";
    }
}
