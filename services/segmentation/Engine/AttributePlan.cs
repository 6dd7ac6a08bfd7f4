namespace Patron.Segmentation;

/// <summary>Tests an attribute: of days and numbers the values, of texts each text of the book once.</summary>
internal sealed class AttributePlan(AttributeClause clause) : RulePlan
{
    private readonly List<ulong> passing = [];
    private int decided;
    private int decidedOn;

    public override int Cost => 10;

    public override void Block(PartitionColumns columns, int word, Span<ulong> bits)
    {
        bits.Clear();
        if (columns.Attributes.Find(clause.Key) is not { } column)
            return;
        var passes = Test(column, columns.Today);
        Span<long> values = stackalloc long[PartitionColumns.RowsPerWord];
        for (var place = 0; place < bits.Length; place++)
        {
            column.Values.Read((word + place) * PartitionColumns.RowsPerWord, values);
            for (var row = 0; row < values.Length; row++)
                bits[place] |= values[row] != 0 && passes(values[row]) ? 1UL << row : 0;
        }
    }

    public override bool At(PartitionColumns columns, int row) =>
        columns.Attributes.Find(clause.Key) is { } column && column.Values.At(row) is not 0 and var value && Test(column, columns.Today)(value);

    private Func<long, bool> Test(AttributeColumn column, int today)
    {
        if (clause is AttributeIn { In.Count: 0 })
            return _ => true;
        if (column.Shape == AttributeShape.Texts)
            return TextTest(column.Texts, today);
        if (clause is AttributeIn one)
        {
            var wanted = one.In.Select(column.Find).OfType<long>().ToHashSet();
            return wanted.Contains;
        }

        if (clause is AttributeNumber number)
        {
            return column.Shape == AttributeShape.Numbers
                ? value => !(AttributeColumn.Unpack(value) < number.Min * 100) && !(AttributeColumn.Unpack(value) > number.Max * 100)
                : _ => false;
        }

        var onDay = AttributeTest.OnDay(clause, today);
        return column.Shape == AttributeShape.Dates ? value => onDay(AttributeColumn.DayNumberOf(value)) : _ => false;
    }

    private Func<long, bool> TextTest(CodeBook texts, int today)
    {
        if (decidedOn != today)
        {
            passing.Clear();
            (decided, decidedOn) = (0, today);
        }

        for (; decided < texts.Last; decided++)
        {
            var code = decided + 1;
            if (code / 64 >= passing.Count)
                passing.Add(0);
            if (AttributeTest.Holds(clause, texts.NameOf(code), today))
                passing[code / 64] |= 1UL << (code % 64);
        }

        return code => (passing[(int)(code / 64)] >> (int)(code % 64) & 1) != 0;
    }
}
