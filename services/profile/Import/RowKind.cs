using System.Collections.Frozen;
using System.Globalization;
using Google.Protobuf;

namespace Patron.Profile;

/// <summary>A field that a column can fill.</summary>
/// <param name="Name">As maps and headers spell it.</param>
/// <param name="Pointer">Where errors of it stand in the message.</param>
/// <param name="Set">Sets it from a text that is not empty.</param>
/// <param name="IsKey">Rows that agree in all of these belong together.</param>
internal sealed record ImportField(string Name, string Pointer, Action<ImportDraft, string, FieldErrors> Set, bool IsKey = false);

/// <summary>An event in the making: what a row, or the rows of a receipt, tell.</summary>
internal abstract class ImportDraft
{
    /// <summary>Unique within the source; null where no column says it.</summary>
    public string? Id { get; set; }

    public string? Time { get; set; }

    /// <summary>Begins a further row of the same event.</summary>
    public virtual void BeginRow()
    {
    }

    /// <summary>Answers the message, after what follows from several fields.</summary>
    public abstract IMessage Finish(FieldErrors errors);
}

/// <summary>A kind of rows: customers, purchases, products or stores.</summary>
/// <param name="name">In the plural, as files are called.</param>
/// <param name="type">The CloudEvents type that a row becomes.</param>
/// <param name="open">Makes an empty draft.</param>
/// <param name="fields">Those with a fixed name; the fields that every kind has are added.</param>
/// <param name="families">Those with a part of the name of its own, such as <c>names.ja</c>: the prefix, and what makes the field of a name.</param>
internal sealed class RowKind(
    string name, string type, Func<ImportDraft> open, IReadOnlyList<ImportField> fields,
    IReadOnlyList<(string Prefix, Func<string, ImportField?> Of)> families)
{
    private readonly FrozenDictionary<string, ImportField> byName =
        fields.Concat(Usual(type)).ToFrozenDictionary(f => f.Name, StringComparer.OrdinalIgnoreCase);

    public static IReadOnlyList<RowKind> All { get; } = [CustomerRows.Kind, PurchaseRows.Kind, CatalogueRows.Products, CatalogueRows.Stores];

    public string Name => name;

    public string Type => type;

    /// <summary>Products and stores, which touchpoints may not tell.</summary>
    public bool IsCatalogue => this == CatalogueRows.Products || this == CatalogueRows.Stores;

    /// <summary>Such as <c>email, phone, consent.…</c>.</summary>
    public string Names => string.Join(", ", fields.Concat(Usual(type)).Select(f => f.Name).Concat(families.Select(f => $"{f.Prefix}…")));

    public ImportDraft Open() => open();

    /// <summary>The field of this name, whatever its case; null when there is none.</summary>
    public ImportField? Find(string field)
    {
        if (byName.TryGetValue(field, out var known))
            return known;
        var family = families.FirstOrDefault(f => field.StartsWith(f.Prefix, StringComparison.OrdinalIgnoreCase) && field.Length > f.Prefix.Length);
        return family.Of?.Invoke(field);
    }

    /// <summary>A whole number, or an error.</summary>
    public static long Whole(string text, string at, FieldErrors errors)
    {
        if (!long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            errors.Add(at, "This must be a whole number.");
        return number;
    }

    /// <summary>A decimal number with a point, or an error.</summary>
    public static decimal Number(string text, string at, FieldErrors errors)
    {
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        if (!decimal.TryParse(text.Trim(), Style, CultureInfo.InvariantCulture, out var number))
            errors.Add(at, "This must be a number with a point before its decimals, such as 12.50.");
        return number;
    }

    /// <summary>Minor units of an amount such as 12.50, or an error when the currency has no such coins.</summary>
    public static long Minor(decimal amount, string currency, string at, FieldErrors errors)
    {
        // A number of a file may be larger than any amount of money.
        if (Math.Abs(amount) > Consumed.AmountMinorMax)
        {
            errors.Add(at, "This is more money than there is in a purchase.");
            return 0;
        }
        for (var i = Contracts.Money.Exponent(currency); i > 0; i--)
            amount *= 10;
        if (!decimal.IsInteger(amount))
            errors.Add(at, "This has more decimals than the currency.");
        return (long)amount;
    }

    // An id of several columns is all of them; purchases without one go by their receipt.
    private static IEnumerable<ImportField> Usual(string type) =>
    [
        new("id", "/id", static (d, text, _) => d.Id = d.Id is null ? text : $"{d.Id}/{text}", IsKey: type == PurchaseRows.Type),
        new("time", "/time", static (d, text, _) => d.Time = text),
    ];
}
