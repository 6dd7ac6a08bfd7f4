using Patron.Contracts.Ingest.V1;
using static System.FormattableString;

namespace Patron.Profile;

/// <summary>
/// The ingestion contract in profile's own words. Every rule of the contract is checked here, for HTTP and for the log alike; what is
/// wrong is added to the errors, and the answer then counts for nothing.
/// </summary>
internal sealed partial class Consumed(ProfileSettings settings, ConsentSettings consentSettings, WordingBook wordings)
{
    public const int LinesMax = 5_000;
    public const int QuantityMax = 1_000_000;
    public const long AmountMinorMax = 1_000_000_000_000;
    private const int CodeCharactersMax = 64;
    private const int NameCharactersMax = 200;

    public PurchaseFacts PurchaseOf(Purchase purchase, Guid id, string source, DateTimeOffset time, string at, FieldErrors errors)
    {
        CheckCode(purchase.Receipt, $"{at}/receipt", "the number on the receipt", errors);
        if (purchase.Channel == Channel.Unspecified)
            errors.Add($"{at}/channel", "Say where it was bought: CHANNEL_POS or CHANNEL_ESHOP.");
        if (purchase.Store.Length > CodeCharactersMax || purchase.Store.Any(char.IsControl))
            errors.Add($"{at}/store", $"The shop's code has at most {CodeCharactersMax} characters and no control characters.");
        CheckLook(purchase.Store, $"{at}/store", errors);
        CheckCurrency(purchase.Currency, $"{at}/currency", errors);
        if (purchase.Lines.Count is 0 or > LinesMax)
            errors.Add($"{at}/lines", Invariant($"A purchase has 1 to {LinesMax} lines, not {purchase.Lines.Count}."));

        var lines = new PurchaseLine[Math.Min(purchase.Lines.Count, LinesMax)];
        for (var i = 0; i < lines.Length; i++)
        {
            CheckLine(purchase.Lines[i], at, i, errors);
            lines[i] = new PurchaseLine(purchase.Lines[i].Product, (LineKind)purchase.Lines[i].Kind, purchase.Lines[i].Quantity, purchase.Lines[i].AmountMinor);
        }
        return new PurchaseFacts(id, source, purchase.Receipt, (PurchaseChannel)purchase.Channel, purchase.Store, time, purchase.Currency, lines)
        {
            Returned = ReturnedOf(purchase.ReturnsOf, source, $"{at}/returnsOf", errors),
        };
    }

    private static ReturnedPurchase? ReturnedOf(Contracts.Ingest.V1.ReturnedPurchase? told, string source, string at, FieldErrors errors)
    {
        if (told is null)
            return null;
        if (told.Receipt.Length == 0 == (told.Id.Length == 0))
            errors.Add(at, "Name the purchase by its receipt or by its event's id: one of both.");
        if (told.Receipt.Length > 0)
            CheckCode(told.Receipt, $"{at}/receipt", "the number on the receipt", errors);
        foreach (var (name, text) in new[] { ("source", told.Source), ("id", told.Id) })
        {
            if (text.Length > NameCharactersMax || text.Any(char.IsControl))
                errors.Add($"{at}/{name}", $"This has at most {NameCharactersMax} characters and no control characters.");
            CheckLook(text, $"{at}/{name}", errors);
        }

        var of = told.Source.Length > 0 ? told.Source : source;
        return new ReturnedPurchase(told.Id.Length > 0 ? IngestReader.KeyOf(of, told.Id) : null, of, told.Receipt);
    }

    /// <summary>An e-mail address or phone number that identifies a person is also where they can be reached.</summary>
    public static Details ContactsOf(IReadOnlyList<Identifier> identifiers) => new(
        Email: identifiers.FirstOrDefault(i => i.Kind == IdentifierKind.Email).Value,
        Phone: identifiers.FirstOrDefault(i => i.Kind == IdentifierKind.Phone).Value);

    private void CheckCurrency(string currency, string at, FieldErrors errors)
    {
        if (!Iso4217.Contains(currency))
            errors.Add(at, "This is not a currency code of ISO 4217, such as GBP.");
        else if (settings.Currencies.Count > 0 && !settings.Currencies.Contains(currency))
            errors.Add(at, $"This brand does not sell in {currency}, only in {string.Join(", ", settings.Currencies)}.");
    }

    private static void CheckLine(Line line, string at, int index, FieldErrors errors)
    {
        if (line.Product.Length is 0 or > CodeCharactersMax || line.Product.Any(char.IsControl))
            errors.Add($"{at}/lines/{index}/product", $"A product code has 1 to {CodeCharactersMax} characters and no control characters.");
        CheckLook(line.Product, $"{at}/lines/{index}/product", errors);
        if (line.Kind == Contracts.Ingest.V1.LineKind.Unspecified)
            errors.Add($"{at}/lines/{index}/kind", "Say what the line is: LINE_KIND_SALE, LINE_KIND_RETURN, LINE_KIND_FEE or LINE_KIND_ADJUSTMENT.");
        if (line.Quantity is < 1 or > QuantityMax)
            errors.Add($"{at}/lines/{index}/quantity", Invariant($"The quantity must be from 1 to {QuantityMax}, whatever the kind."));
        if (Math.Abs((decimal)line.AmountMinor) > AmountMinorMax)
            errors.Add($"{at}/lines/{index}/amountMinor", Invariant($"The amount must be from -{AmountMinorMax} to {AmountMinorMax} minor units."));
        else if (line.Kind == Contracts.Ingest.V1.LineKind.Sale && line.AmountMinor < 0)
            errors.Add($"{at}/lines/{index}/amountMinor", "The amount of a sale is not negative; goods that come back are LINE_KIND_RETURN.");
        else if (line.Kind == Contracts.Ingest.V1.LineKind.Return && line.AmountMinor > 0)
            errors.Add($"{at}/lines/{index}/amountMinor", "The amount of a return is not positive: the money goes back to the customer.");
    }

    private static void CheckCode(string code, string at, string what, FieldErrors errors)
    {
        if (code.Trim().Length == 0 || code.Length > CodeCharactersMax || code.Any(char.IsControl))
            errors.Add(at, $"This must be {what}, 1 to {CodeCharactersMax} characters without control characters.");
        CheckLook(code, at, errors);
    }

    private static void CheckLook(string code, string at, FieldErrors errors)
    {
        if (PersonalLook.IsIn(code))
            errors.Add(at, PersonalLook.Rule);
    }

    private static void CheckName(string name, string at, FieldErrors errors)
    {
        if (name.Length > NameCharactersMax || name.Any(char.IsControl))
            errors.Add(at, $"A name has at most {NameCharactersMax} characters and no control characters.");
    }

    private static string? Checked(string text, Func<string, string?> normalise, string at, string rule, FieldErrors errors)
    {
        if (text.Length == 0)
            return null;
        var value = normalise(text);
        if (value is null)
            errors.Add(at, rule);
        return value;
    }
}
