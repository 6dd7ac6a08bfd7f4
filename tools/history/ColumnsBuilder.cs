namespace Patron.History;

/// <summary>
/// Collects lines in file order. The tables are sorted by how often a value is used, so that the common ones get short numbers, and by
/// value where that is equal, so that the same input always gives the same bytes.
/// </summary>
internal sealed class ColumnsBuilder
{
    private readonly List<string> _countries = [];
    private readonly List<Columns.Run> _runs = [];
    private readonly List<Booking> _bookings = [];

    /// <summary>What a line says besides its run.</summary>
    internal readonly record struct Booking(string Code, string Description, int Quantity, int Price);

    /// <summary>Answers the number of a country, which it gets at first sight.</summary>
    public byte Country(string name)
    {
        var index = _countries.IndexOf(name);
        if (index < 0)
        {
            index = _countries.Count;
            _countries.Add(name);
        }

        return checked((byte)index);
    }

    /// <summary>Adds one line, and a run where it differs from the line before.</summary>
    public void Add(Columns.Run run, Booking booking)
    {
        if (_runs.Count > 0 && _runs[^1] with { LineCount = 1 } == run)
            _runs[^1] = _runs[^1] with { LineCount = _runs[^1].LineCount + 1 };
        else
            _runs.Add(run);
        _bookings.Add(booking);
    }

    public Columns Build()
    {
        var products = _bookings
            .GroupBy(booking => booking.Code, StringComparer.Ordinal)
            .OrderByDescending(group => group.Count())
            .ThenBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => new Columns.Product(
                group.Key,
                ByUse(group.Select(booking => booking.Description), StringComparer.Ordinal),
                ByUse(group.Select(booking => booking.Price), Comparer<int>.Default)))
            .ToArray();
        var numbers = products.Select((product, index) => (product, index)).ToDictionary(
            entry => entry.product.Code,
            entry => (entry.index, Descriptions: NumberOf(entry.product.Descriptions), Prices: NumberOf(entry.product.Prices)),
            StringComparer.Ordinal);
        var lines = _bookings.Select(booking =>
        {
            var (index, descriptions, prices) = numbers[booking.Code];
            return new Columns.Line(
                checked((ushort)index), checked((byte)descriptions[booking.Description]), checked((ushort)prices[booking.Price]), booking.Quantity);
        });
        return new Columns { Countries = [.. _countries], Products = products, Runs = [.. _runs], Lines = [.. lines] };
    }

    private static T[] ByUse<T>(IEnumerable<T> values, IComparer<T> order)
        where T : notnull =>
        [.. values.CountBy(value => value).OrderByDescending(use => use.Value).ThenBy(use => use.Key, order).Select(use => use.Key)];

    private static Dictionary<T, int> NumberOf<T>(T[] values)
        where T : notnull =>
        values.Select((value, index) => (value, index)).ToDictionary(entry => entry.value, entry => entry.index);
}
