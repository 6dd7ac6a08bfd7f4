using System.Globalization;
using System.Text;

namespace Patron.History;

/// <summary>
/// Turns the CSV form of Online Retail into the packed file that ships with this library, and back. Both directions are exact: packing
/// and unpacking gives the same bytes.
/// </summary>
/// <remarks>
/// The CSV is UTF-8 with LF and the header <see cref="Header"/>; times are <c>yyyy-MM-ddTHH:mm:00</c>, prices have one to three decimals.
/// </remarks>
public static class HistoryPacker
{
    /// <summary>The first line of the CSV.</summary>
    public const string Header = "invoice_no,stock_code,description,quantity,invoice_date,unit_price_gbp,customer_id,country";

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss";

    /// <summary>Reads a CSV to its end and writes the packed file. Leaves both streams open.</summary>
    /// <exception cref="FormatException">A line does not have the expected form; the message names its number.</exception>
    public static void Pack(Stream csv, Stream output)
    {
        using var reader = new StreamReader(csv, Encoding.UTF8, leaveOpen: true);
        if (reader.ReadLine() != Header)
            throw new FormatException("Line 1 is not the expected header.");
        var builder = new ColumnsBuilder();
        var fields = new List<string>(8);
        for (var number = 2; reader.ReadLine() is { } text; number++)
        {
            try
            {
                Split(text, fields);
                Add(builder, fields);
            }
            catch (Exception wrong) when (wrong is FormatException or OverflowException)
            {
                throw new FormatException($"Line {number}: {wrong.Message}", wrong);
            }
        }

        PackedFile.Write(builder.Build(), output);
    }

    /// <summary>Reads a packed file and writes the CSV that it was made from, byte for byte. Leaves both streams open.</summary>
    /// <exception cref="InvalidDataException">The packed file is damaged.</exception>
    public static void Unpack(Stream packed, Stream csv)
    {
        var columns = PackedFile.Read(packed);
        using var writer = new StreamWriter(csv, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true) { NewLine = "\n" };
        writer.WriteLine(Header);
        var next = 0;
        foreach (var run in columns.Runs)
        {
            var number = Columns.NumberOf(run);
            var time = Columns.Start.AddMinutes(run.Minute).ToString(TimeFormat, CultureInfo.InvariantCulture);
            var tail = $"{Columns.CustomerOf(run)},{Quoted(columns.Countries[run.Country])}";
            foreach (var line in columns.Lines.AsSpan(next, run.LineCount))
            {
                var product = columns.Products[line.Product];
                var quantity = line.Quantity.ToString(CultureInfo.InvariantCulture);
                var price = (product.Prices[line.Price] / 1000m).ToString("0.0##", CultureInfo.InvariantCulture);
                writer.WriteLine($"{number},{Quoted(product.Code)},{Quoted(product.Descriptions[line.Description])},{quantity},{time},{price},{tail}");
            }

            next += run.LineCount;
        }
    }

    private static void Add(ColumnsBuilder builder, List<string> fields)
    {
        if (fields.Count != 8)
            throw new FormatException($"It has {fields.Count} fields instead of 8.");
        var prefix = fields[0].Length > 0 && char.IsAsciiLetterUpper(fields[0][0]) ? fields[0][0] : '\0';
        if (prefix is not ('\0' or 'A' or 'C'))
            throw new FormatException($"The invoice's prefix {prefix} is unknown.");
        var time = DateTime.ParseExact(fields[4], TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.None);
        if (time.Second != 0)
            throw new FormatException("The time is not a whole minute.");
        builder.Add(
            new Columns.Run(
                prefix,
                Digits(prefix == '\0' ? fields[0] : fields[0][1..], 6),
                checked((int)(time - Columns.Start).TotalMinutes),
                fields[6].Length == 0 ? 0 : Digits(fields[6], 5),
                builder.Country(fields[7]),
                LineCount: 1),
            new ColumnsBuilder.Booking(
                fields[1],
                fields[2],
                int.Parse(fields[3], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture),
                Thousandths(fields[5])));
    }

    private static int Digits(string text, int length) =>
        text.Length == length && int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) is > 0 and var value
            ? value
            : throw new FormatException($"'{text}' is not a number of {length} digits.");

    private static int Thousandths(string text)
    {
        const NumberStyles style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        var thousandths = decimal.Parse(text, style, CultureInfo.InvariantCulture) * 1000;
        return thousandths == decimal.Truncate(thousandths)
            ? decimal.ToInt32(thousandths)
            : throw new FormatException($"The price {text} has more than three decimals.");
    }

    private static void Split(string text, List<string> fields)
    {
        fields.Clear();
        var field = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"' && quoted && i + 1 < text.Length && text[i + 1] == '"')
            {
                field.Append('"');
                i++;
            }
            else if (text[i] == '"')
            {
                quoted = !quoted;
            }
            else if (text[i] == ',' && !quoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
            {
                field.Append(text[i]);
            }
        }

        if (quoted)
            throw new FormatException("A quotation mark is not closed.");
        fields.Add(field.ToString());
    }

    private static string Quoted(string field) =>
        field.AsSpan().ContainsAny(',', '"') ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field;
}
