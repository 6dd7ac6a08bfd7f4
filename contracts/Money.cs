using System.Globalization;

namespace Patron.Contracts;

/// <summary>Amounts of money as people read them. Everywhere else money is minor units with their ISO 4217 currency.</summary>
public static class Money
{
    private const int UsualExponent = 2;

    /// <summary>The digits after the decimal point of a currency, from the ISO 4217 list: 0 to 4.</summary>
    public static int Exponent(string currency) => currency switch
    {
        "BIF" or "CLP" or "DJF" or "GNF" or "ISK" or "JPY" or "KMF" or "KRW" or "PYG" or "RWF" or "UGX" or "VND" or "VUV" or "XAF" or "XOF" or "XPF" => 0,
        "BHD" or "IQD" or "JOD" or "KWD" or "LYD" or "OMR" or "TND" => 3,
        "CLF" or "UYW" => 4,
        _ => UsualExponent,
    };

    /// <summary>Such as <c>1,234.50 GBP</c> or <c>1,200 JPY</c>; the same in every language.</summary>
    public static string Text(long minor, string currency)
    {
        var exponent = Exponent(currency);
        var amount = new decimal(minor);
        for (var i = 0; i < exponent; i++)
            amount /= 10;
        var digits = "N" + exponent.ToString(CultureInfo.InvariantCulture);
        return $"{amount.ToString(digits, CultureInfo.InvariantCulture)} {currency}";
    }
}
