using System.Collections.Frozen;
using System.Globalization;

namespace Patron.History;

/// <summary>What a line counts as. Only a <see cref="Sale"/> earns.</summary>
public enum LineClass
{
    /// <summary>A product that was sold.</summary>
    Sale,

    /// <summary>A product that came back on a cancellation.</summary>
    Return,

    /// <summary>Postage, discounts, commissions, samples and other lines that are no product, in either direction.</summary>
    Fee,

    /// <summary>Stock corrections and bookkeeping: bad debt, zero or negative prices, negative quantities outside a cancellation.</summary>
    Adjustment,
}

/// <summary>How many lines fell into each class.</summary>
public readonly record struct ClassCounts(int Sales, int Returns, int Fees, int Adjustments)
{
    /// <summary>All lines.</summary>
    public int Total => Sales + Returns + Fees + Adjustments;

    /// <summary>One line for people: every class and the total.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Sales:N0} sales + {Returns:N0} returns + {Fees:N0} fees + {Adjustments:N0} adjustments = {Total:N0} lines");
}

/// <summary>
/// The one place that says what a line counts as. The rules are tried from top to bottom and the first that fits decides: what a line is
/// about (bad debt, fee) comes before how it was booked, so a refunded postage is a fee and not a return.
/// </summary>
public static class LineClassification
{
    /// <summary>
    /// The codes that are no product. <c>PADS</c> (cushion inserts), <c>gift_0001_*</c> (vouchers on sale) and <c>DCGS*</c> (articles of
    /// the sister shop) look like them, but name goods that customers chose and paid for, so they are products.
    /// </summary>
    private static readonly FrozenSet<string> FeeCodes = new[]
    {
        "POST",         // postage
        "DOT",          // postage of the sister shop's orders
        "C2",           // carriage
        "D",            // discount
        "M",            // manual booking
        "m",            // the same, once in small letters
        "S",            // samples
        "BANK CHARGES",
        "AMAZONFEE",    // the marketplace's fee
        "CRUK",         // commission to a charity
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly (Func<Facts, bool> Fits, LineClass Class)[] Rules =
    [
        (line => line.InvoiceNumber[0] == 'A' || line.StockCode == "B", LineClass.Adjustment),  // bad debt
        (line => FeeCodes.Contains(line.StockCode), LineClass.Fee),                             // whatever its sign and price
        (line => line.UnitPriceThousandths <= 0, LineClass.Adjustment),                         // found, lost, given away
        (line => line.Quantity <= 0 && line.InvoiceNumber[0] != 'C', LineClass.Adjustment),     // written off
        (line => line.Quantity > 0 && line.InvoiceNumber[0] == 'C', LineClass.Adjustment),      // does not occur; never earns
        (line => line.Quantity <= 0, LineClass.Return),
        (_ => true, LineClass.Sale),
    ];

    private readonly record struct Facts(string InvoiceNumber, string StockCode, int Quantity, int UnitPriceThousandths);

    /// <summary>Answers the class of a line.</summary>
    public static LineClass Of(string invoiceNumber, string stockCode, int quantity, int unitPriceThousandths)
    {
        ArgumentException.ThrowIfNullOrEmpty(invoiceNumber);
        var facts = new Facts(invoiceNumber, stockCode, quantity, unitPriceThousandths);
        foreach (var (fits, lineClass) in Rules)
        {
            if (fits(facts))
                return lineClass;
        }

        throw new System.Diagnostics.UnreachableException("The last rule fits everything.");
    }
}
