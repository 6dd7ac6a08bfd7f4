using System.Globalization;
using Patron.Segmentation;

namespace Patron.Benchmarks.Segments;

/// <summary>
/// Customers and their purchased lines in the engine's own columns, by formulas that SQL can say too, so that a peer has the same ones.
/// </summary>
internal sealed class SegmentBase
{
    /// <summary>Customers of a full run; a million are quick to make.</summary>
    public const string CustomersVariable = "PATRON_BENCH_SEGMENT_CUSTOMERS";

    public const int LinesPerCustomer = 10;
    public const int Categories = 100;
    public const int Products = 100_000;
    public const int DaysBack = 730;
    public const int Partitions = 64;
    public const int Tags = 50;

    public static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);
    private static readonly string[] Tiers = ["member", "silver", "gold", "platinum"];
    private readonly PartitionColumns[] columns = new PartitionColumns[Partitions];

    private SegmentBase(SegmentEngine engine) => Engine = engine;

    public SegmentEngine Engine { get; }

    public IReadOnlyList<PartitionColumns> Columns => columns;

    public static IEnumerable<int> All => Enumerable.Range(0, Partitions);

    public static int Today { get; } = DateOnly.FromDateTime(Now.Date).DayNumber;

    public static int Customers(BenchPlace place) => place.Of(
        int.TryParse(Environment.GetEnvironmentVariable(CustomersVariable), CultureInfo.InvariantCulture, out var set) ? set : 1_000_000, least: 1_000);

    /// <summary>The same number in SQL: <see cref="Sql"/>.</summary>
    public static long Mixed(long place, int which) => ((place * 2_654_435_761) + (which * 40_503L)) % 4_294_967_291 * 48_271 % 2_147_483_647;

    public static string Sql(string place, int which) => string.Create(
        CultureInfo.InvariantCulture, $"(({place} * 2654435761 + {which * 40_503L}) % 4294967291 * 48271 % 2147483647)");

    /// <param name="withLines">Ten purchased lines a customer.</param>
    /// <param name="withMemberships">50 tags, and 200 segments that have all been evaluated.</param>
    public static SegmentBase Make(int customers, bool withLines, bool withMemberships)
    {
        var catalog = new SegmentCatalog(withMemberships ? [.. Enumerable.Range(0, 200).Select(Segment)] : []);
        var days = new BrandDays(TimeZoneInfo.Utc);
        var made = new SegmentBase(new SegmentEngine(days, new Explanation(catalog, "GBP"), Partitions, new TimeOnly(3, 0)));
        Parallel.For(0, Partitions, partition => made.Fill(partition, customers, withLines, withMemberships));
        return made;
    }

    private static SegmentDefinition Segment(int number) =>
        new($"segment-{number}", "", new AllOf(new Tagged($"tag/{number % Tags}"), new NumberBetween(NumberColumn.Points, number * 20, null)));

    private void Fill(int partition, int customers, bool withLines, bool withMemberships)
    {
        var made = Engine.NewPartition();
        for (long place = partition; place < customers; place += Partitions)
            made.Apply(IdOf(place), Source.Profile, 1, Now, Needs.None, (into, row) => Fill(into, row, place, withLines, withMemberships));
        made.Apply(IdOf(partition), Source.Profile, 2, Now, Needs.None, (into, _) =>
        {
            columns[partition] = into;
            into.Events.Merge(into.Count, keptFrom: 1);
        });
        if (withMemberships)
            made.Scan(Now, Now);
        Engine.Put(partition, made);
    }

    /// <summary>What is known of one customer.</summary>
    public static void Fill(PartitionColumns into, int row, long place, bool withLines, bool withMemberships)
    {
        var last = Today - (int)(Mixed(place, 3) % DaysBack);
        into.Add(row, new Purchases(1 + (Mixed(place, 5) % 20), Mixed(place, 4) % 1_000_000, last, last, [], []));
        into.SetTier(row, Tiers[TierOf(Mixed(place, 1) % 20)]);
        into.SetPoints(row, Mixed(place, 2) % 5_000);
        for (var tag = 0; withMemberships && tag < Tags; tag++)
            into.SetTag(row, $"tag/{tag}", Mixed(place, 10 + tag) % 10 == 0);
        if (!withLines)
            return;
        for (var line = place * LinesPerCustomer; line < (place + 1) * LinesPerCustomer; line++)
        {
            var category = into.Books.Categories.CodeOf(CategoryNames[Mixed(line, 7) % Categories]);
            into.Events.Add(row, new LineCodes(
                Day16.Of(Today - (Mixed(line, 6) % DaysBack)), (ushort)category, 1, 1, LineFlags.Sold | LineFlags.Begins, (int)(line % Products),
                AmountOf(line)));
        }
    }

    private static readonly string[] CategoryNames = [.. Enumerable.Range(0, Categories).Select(number => $"category/{number}")];

    private static int TierOf(long number) => number switch { < 1 => 3, < 3 => 2, < 8 => 1, _ => 0 };

    private static long AmountOf(long line) => 1 + (Mixed(line, 8) % 10_000);

    public static Guid IdOf(long place)
    {
        var high = unchecked((ulong)(place + 1) * 0x9E37_79B9_7F4A_7C15);
        return new Guid(
            (uint)high, (ushort)(high >> 32), (ushort)(high >> 48), 0x80, 1, 2, 3, (byte)(place >> 24), (byte)(place >> 16), (byte)(place >> 8), (byte)place);
    }
}
