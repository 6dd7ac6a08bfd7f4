using System.Globalization;

namespace Patron.Segmentation;

/// <summary>How a column keeps its values: what they all are decides, and one that is something else makes the column one of texts.</summary>
internal enum AttributeShape
{
    Nothing,
    Dates,
    Numbers,
    Texts,
}

/// <summary>
/// The values of one attribute by row: days and numbers of at most two decimals as such, texts as codes of a book. A number is packed so that 0 is
/// left for none.
/// </summary>
internal sealed class AttributeColumn(CodeBook texts)
{
    private const long HundredthsMax = 1_000_000_000_000_000;
    private static readonly int Epoch = new DateOnly(1970, 1, 1).DayNumber;
    private PackedColumn values = new();

    public AttributeShape Shape { get; private set; }

    public CodeBook Texts => texts;

    /// <summary>0 for none; see <see cref="Packed"/>.</summary>
    public PackedColumn Values => values;

    /// <param name="value">Empty for none.</param>
    public void Set(int row, string value)
    {
        if (value.Length == 0)
        {
            values.Set(row, 0);
            return;
        }

        if (Shape == AttributeShape.Nothing)
            Shape = ShapeOf(value);
        if (Packed(value) is not { } packed)
        {
            TurnIntoTexts();
            packed = texts.CodeOf(value);
        }

        values.Set(row, packed);
    }

    /// <summary>The value, or null for none. Of texts that came after the book was full only that there is one is known.</summary>
    public string? ValueAt(int row) => values.At(row) is not 0 and var packed ? TextOf(packed) : null;

    /// <summary>As it would stand in the column; null for what does not fit its shape, and for a text that nobody has.</summary>
    public long? Find(string value) => Shape == AttributeShape.Texts ? texts.Find(value) : Packed(value);

    public static long Pack(long number) => number >= 0 ? number + 1 : number;

    public static long Unpack(long packed) => packed > 0 ? packed - 1 : packed;

    public static int DayNumberOf(long packed) => (int)(Unpack(packed) + Epoch);

    private static AttributeShape ShapeOf(string value)
    {
        if (AttributeTest.DayOf(value) is not null)
            return AttributeShape.Dates;
        return HundredthsOf(value) is not null ? AttributeShape.Numbers : AttributeShape.Texts;
    }

    private static long? HundredthsOf(string value) =>
        AttributeTest.NumberOf(value) is { } number && decimal.Abs(number) < HundredthsMax && number * 100 is var hundredths
        && decimal.Truncate(hundredths) == hundredths && NumberText((long)hundredths) == value ? (long)hundredths : null;

    private static string NumberText(long hundredths) => (hundredths / 100m).ToString("0.##", CultureInfo.InvariantCulture);

    private long? Packed(string value) => Shape switch
    {
        AttributeShape.Dates => AttributeTest.DayOf(value) is { } day ? Pack(day - Epoch) : null,
        AttributeShape.Numbers => HundredthsOf(value) is { } hundredths ? Pack(hundredths) : null,
        _ => texts.CodeOf(value),
    };

    private string TextOf(long packed) => Shape switch
    {
        AttributeShape.Dates => DateOnly.FromDayNumber(DayNumberOf(packed)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        AttributeShape.Numbers => NumberText(Unpack(packed)),
        _ => texts.NameOf((int)packed),
    };

    private void TurnIntoTexts()
    {
        var coded = new PackedColumn();
        for (var row = (int)values.Bytes - 1; row >= 0; row--)
            coded.Set(row, ValueAt(row) is { } text ? texts.CodeOf(text) : 0);
        (values, Shape) = (coded, AttributeShape.Texts);
    }
}

/// <summary>The attributes of a partition's customers, a column each.</summary>
internal sealed class AttributeColumns(CodeBooks books)
{
    private readonly Dictionary<string, AttributeColumn> columns = new(StringComparer.Ordinal);

    public long Bytes => columns.Values.Sum(column => column.Values.Bytes);

    public AttributeColumn? Find(string key) => columns.GetValueOrDefault(key);

    /// <summary>These are all attributes of the row from now on.</summary>
    public void Replace(int row, IReadOnlyDictionary<string, string> values)
    {
        foreach (var (key, column) in columns)
            column.Set(row, values.GetValueOrDefault(key, ""));
        foreach (var (key, value) in values.Where(told => !columns.ContainsKey(told.Key)))
        {
            columns.Add(key, new(books.Attribute(key)));
            columns[key].Set(row, value);
        }
    }

    public IReadOnlyDictionary<string, string> At(int row) => columns.Select(named => (named.Key, Value: named.Value.ValueAt(row)))
        .Where(named => named.Value is not null).ToDictionary(named => named.Key, named => named.Value!);
}
