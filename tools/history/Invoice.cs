namespace Patron.History;

/// <summary>Where a purchase was made. The data does not say: invoices of the United Kingdom stand for shops, all others for the eShop.</summary>
public enum Channel
{
    /// <summary>A till in a shop.</summary>
    Pos,

    /// <summary>The web shop.</summary>
    EShop,
}

/// <summary>One invoice (or cancellation) of the history.</summary>
/// <param name="Number">Six digits, after <c>C</c> for a cancellation and <c>A</c> for an adjustment of bad debt. Unique.</param>
/// <param name="LocalTime">Wall clock of the United Kingdom, to the minute; the earliest where the lines have two.</param>
/// <param name="Time">The same instant with its offset from UTC: +01:00 in British summer time, otherwise zero.</param>
/// <param name="CustomerNumber">Five digits, or null for an anonymous purchase.</param>
/// <param name="Country">The customer's country as the source spells it (<c>EIRE</c>, <c>RSA</c>, <c>Unspecified</c> ...).</param>
/// <param name="Lines">The lines in the order of the source, at least one; exact duplicates are kept.</param>
public sealed record Invoice(
    string Number, DateTime LocalTime, DateTimeOffset Time, string? CustomerNumber, string Country, IReadOnlyList<InvoiceLine> Lines)
{
    /// <summary>True for a cancellation, which names no original purchase.</summary>
    public bool IsCancellation => Number[0] == 'C';

    /// <summary>The channel that the invoice stands for.</summary>
    public Channel Source => Country == "United Kingdom" ? Channel.Pos : Channel.EShop;
}

/// <summary>One line of an invoice.</summary>
/// <param name="StockCode">The product, or the code of a fee.</param>
/// <param name="Description">As in the source, spaces and all; may be empty, and one code may have several.</param>
/// <param name="Quantity">Pieces; negative for what came back or was written off; never zero.</param>
/// <param name="UnitPriceThousandths">Thousandths of a pound sterling, since four lines have three decimals; exact.</param>
/// <param name="Class">What the line counts as.</param>
public readonly record struct InvoiceLine(string StockCode, string Description, int Quantity, int UnitPriceThousandths, LineClass Class)
{
    /// <summary>
    /// Quantity times price in pence (GBP), rounded half away from zero for each line alone. A sale of one piece at £0.001 amounts to 0.
    /// </summary>
    public long AmountMinor
    {
        get
        {
            var thousandths = (long)Quantity * UnitPriceThousandths;
            return (thousandths + (5 * Math.Sign(thousandths))) / 10;
        }
    }
}

/// <summary>A customer of the history.</summary>
/// <param name="Number">Five digits.</param>
/// <param name="Country">The country of the first invoice; eight customers later use a second one.</param>
public sealed record HistoryCustomer(string Number, string Country);

/// <summary>One handing over of an invoice to the platform.</summary>
/// <param name="Invoice">What is delivered.</param>
/// <param name="At">Business time of the delivery: the invoice's own time, or later for a repeat.</param>
/// <param name="IsRepeat">True for the second delivery of an invoice, which must change nothing.</param>
public sealed record Delivery(Invoice Invoice, DateTimeOffset At, bool IsRepeat);
