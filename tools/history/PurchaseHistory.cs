using System.Collections;

namespace Patron.History;

/// <summary>
/// A real year of purchases: UCI Online Retail, December 2010 to December 2011 (attribution in SOURCES.md beside this file). Enumerates
/// the invoices in order of time, then of the source file.
/// </summary>
/// <remarks>
/// Takes about 15 MB; invoices are made while enumerating, anew each time. Safe to read from several threads. Amounts are
/// pounds sterling. Needs the zone Europe/London of the machine's time zone database.
/// </remarks>
public sealed class PurchaseHistory : IEnumerable<Invoice>
{
    /// <summary>The line that the licence asks to show wherever the history is shown or passed on.</summary>
    public const string Attribution =
        "Online Retail, D. Chen, UCI Machine Learning Repository, doi 10.24432/C5BW33, CC BY 4.0; packed and classified; all people are synthetic.";

    private const string Resource = "online-retail.br";
    private const int RepeatOnceIn = 50;
    private const int RepeatMinutesMin = 3;
    private const int RepeatMinutesMax = 360;

    private static readonly TimeZoneInfo London = TimeZoneInfo.FindSystemTimeZoneById("Europe/London");

    private readonly Columns _columns;
    private readonly Header[] _headers;
    private readonly LineClass[] _classes;

    private PurchaseHistory(Columns columns)
    {
        _columns = columns;
        _headers = HeadersOf(columns);
        _classes = ClassesOf(columns);
        Customers = [.. _headers
            .Where(header => header.Customer is not null)
            .DistinctBy(header => header.Customer)
            .Select(header => new HistoryCustomer(header.Customer!, header.Country))];
    }

    /// <summary>The number of invoices, cancellations and adjustments.</summary>
    public int InvoiceCount => _headers.Length;

    /// <summary>The number of lines of all invoices.</summary>
    public int LineCount => _columns.Lines.Length;

    /// <summary>The known customers in the order of their first invoice.</summary>
    public IReadOnlyList<HistoryCustomer> Customers { get; }

    /// <summary>The length of the history in calendar days of the United Kingdom, days without trade included.</summary>
    public int DayCount => DayOf(_headers[^1]) + 1;

    /// <summary>Reads the history that ships with this library.</summary>
    public static PurchaseHistory Open()
    {
        using var packed = OpenPacked();
        return new PurchaseHistory(PackedFile.Read(packed));
    }

    /// <summary>Answers the packed file itself, for <see cref="HistoryPacker.Unpack"/>. The caller disposes it.</summary>
    public static Stream OpenPacked() => typeof(PurchaseHistory).Assembly.GetManifestResourceStream(Resource)
        ?? throw new InvalidOperationException($"The resource {Resource} is missing from this build.");

    /// <summary>Counts the lines of each class over the whole year.</summary>
    public ClassCounts CountClasses()
    {
        var counts = new int[4];
        foreach (var lineClass in _classes)
            counts[(int)lineClass]++;
        return new ClassCounts(
            counts[(int)LineClass.Sale], counts[(int)LineClass.Return], counts[(int)LineClass.Fee], counts[(int)LineClass.Adjustment]);
    }

    /// <inheritdoc/>
    public IEnumerator<Invoice> GetEnumerator() => _headers.Select(Materialise).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>
    /// Answers what is delivered to the platform, in order of business time. Of every fifty invoices in a row exactly one is delivered
    /// a second time, 3 to 360 minutes later; which one and when is the same in every run.
    /// </summary>
    /// <param name="days">
    /// Only invoices of the first so many calendar days (United Kingdom), at least 1; null for all. A repeat may fall after the last day.
    /// </param>
    public IEnumerable<Delivery> Deliveries(int? days = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(days ?? 1, 1, nameof(days));
        return Deliver(days ?? DayCount);
    }

    private IEnumerable<Delivery> Deliver(int days)
    {
        var repeats = new PriorityQueue<Delivery, (DateTimeOffset At, int Index)>();
        for (var i = 0; i < _headers.Length && DayOf(_headers[i]) < days; i++)
        {
            var invoice = Materialise(_headers[i]);
            while (repeats.TryPeek(out var due, out _) && due.At < invoice.Time)
                yield return repeats.Dequeue();
            yield return new Delivery(invoice, invoice.Time, IsRepeat: false);
            if (IsRepeated(i))
            {
                var minutes = RepeatMinutesMin + StableHash.Below(RepeatMinutesMax - RepeatMinutesMin + 1, invoice.Number, "repeat after");
                var at = invoice.Time.AddMinutes(minutes);
                repeats.Enqueue(new Delivery(invoice, at, IsRepeat: true), (at, i));
            }
        }

        while (repeats.TryDequeue(out var repeat, out _))
            yield return repeat;
    }

    private static bool IsRepeated(int index)
    {
        var (group, place) = Math.DivRem(index, RepeatOnceIn);
        return place == StableHash.Below(RepeatOnceIn, group.ToString(System.Globalization.CultureInfo.InvariantCulture), "repeat which");
    }

    private int DayOf(Header header) => (header.LocalTime.Date - _headers[0].LocalTime.Date).Days;

    private Invoice Materialise(Header header)
    {
        var lines = new InvoiceLine[header.Pieces.Sum(piece => piece.Count)];
        var next = 0;
        foreach (var (first, count) in header.Pieces)
        {
            for (var i = first; i < first + count; i++)
            {
                var line = _columns.Lines[i];
                var product = _columns.Products[line.Product];
                lines[next++] = new InvoiceLine(
                    product.Code, product.Descriptions[line.Description], line.Quantity, product.Prices[line.Price], _classes[i]);
            }
        }

        return new Invoice(header.Number, header.LocalTime, header.Time, header.Customer, header.Country, lines);
    }

    private static Header[] HeadersOf(Columns columns)
    {
        var headers = new List<Header>();
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        var customers = new Dictionary<int, string?>();
        var first = 0;
        foreach (var run in columns.Runs)
        {
            var number = Columns.NumberOf(run);
            var local = Columns.Start.AddMinutes(run.Minute);
            if (places.TryGetValue(number, out var place))
            {
                headers[place].Pieces.Add((first, run.LineCount));
                if (local < headers[place].LocalTime)
                    headers[place] = headers[place] with { LocalTime = local, Time = InLondon(local) };
            }
            else
            {
                // One text per customer, however many invoices name them.
                if (!customers.TryGetValue(run.Customer, out var customer))
                    customers.Add(run.Customer, customer = Columns.CustomerOf(run));
                places.Add(number, headers.Count);
                headers.Add(new Header(number, local, InLondon(local), customer, columns.Countries[run.Country], [(first, run.LineCount)]));
            }

            first += run.LineCount;
        }

        // This sort is stable, so equal times stay in file order.
        return [.. headers.OrderBy(header => header.Time)];
    }

    private static LineClass[] ClassesOf(Columns columns)
    {
        var classes = new LineClass[columns.Lines.Length];
        var next = 0;
        foreach (var run in columns.Runs)
        {
            var number = Columns.NumberOf(run);
            for (var end = next + run.LineCount; next < end; next++)
            {
                var line = columns.Lines[next];
                var product = columns.Products[line.Product];
                classes[next] = LineClassification.Of(number, product.Code, line.Quantity, product.Prices[line.Price]);
            }
        }

        return classes;
    }

    private static DateTimeOffset InLondon(DateTime local) => new(local, London.GetUtcOffset(local));

    /// <summary>An invoice before its lines are made; pieces are stretches of lines.</summary>
    private sealed record Header(
        string Number, DateTime LocalTime, DateTimeOffset Time, string? Customer, string Country, List<(int First, int Count)> Pieces);
}
