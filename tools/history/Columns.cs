namespace Patron.History;

/// <summary>
/// The year as columns, in the order of the source file. A run is a stretch of lines with the same invoice, time, customer and country.
/// </summary>
internal sealed class Columns
{
    /// <summary>The zero of <see cref="Run.Minute"/>, in the United Kingdom's wall clock.</summary>
    public static readonly DateTime Start = new(2010, 12, 1, 0, 0, 0, DateTimeKind.Unspecified);

    public required string[] Countries { get; init; }

    public required Product[] Products { get; init; }

    public required Run[] Runs { get; init; }

    public required Line[] Lines { get; init; }

    /// <summary>Answers the invoice's number with its prefix.</summary>
    public static string NumberOf(in Run run) =>
        run.Prefix == '\0' ? run.Number.ToString("D6", Invariant) : $"{run.Prefix}{run.Number.ToString("D6", Invariant)}";

    /// <summary>Answers the customer's number, or null for an anonymous purchase.</summary>
    public static string? CustomerOf(in Run run) => run.Customer == 0 ? null : run.Customer.ToString("D5", Invariant);

    private static IFormatProvider Invariant => System.Globalization.CultureInfo.InvariantCulture;

    /// <summary>A stock code with every description and every price (thousandths of a pound) that it was ever booked with.</summary>
    internal sealed record Product(string Code, string[] Descriptions, int[] Prices);

    /// <summary>Prefix is zero for a plain invoice; customer 0 is nobody.</summary>
    internal readonly record struct Run(char Prefix, int Number, int Minute, int Customer, byte Country, int LineCount);

    /// <summary>Indexes into <see cref="Products"/> and the product's own tables.</summary>
    internal readonly record struct Line(ushort Product, byte Description, ushort Price, int Quantity);
}
