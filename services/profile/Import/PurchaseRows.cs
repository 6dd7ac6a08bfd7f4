using Google.Protobuf;
using Patron.Contracts.Ingest.V1;
using static System.FormattableString;

namespace Patron.Profile;

/// <summary>A row a line of a receipt; lines of a receipt that follow each other are one purchase.</summary>
internal static class PurchaseRows
{
    public static string Type => Purchase.Descriptor.FullName;

    public static RowKind Kind { get; } = new(
        "purchases", Purchase.Descriptor.FullName, static () => new Draft(),
        [
            new("receipt", "/receipt", (d, text, e) => Same(d, p => p.Receipt, (p, t) => p.Receipt = t, text, "/receipt", e), IsKey: true),
            new("channel", "/channel", SetChannel),
            new("store", "/store", (d, text, e) => Same(d, p => p.Store, (p, t) => p.Store = t, text, "/store", e), IsKey: true),
            new("currency", "/currency", (d, text, e) => Same(d, p => p.Currency, (p, t) => p.Currency = t, text, "/currency", e)),
            new("loyaltyCard", "/customer/loyaltyCard", (d, text, _) => Of(d).Customer.LoyaltyCard = text),
            new("shopCustomerId", "/customer/shopCustomerId", (d, text, _) => Of(d).Customer.ShopCustomerId = text),
            new("phone", "/customer/phone", (d, text, _) => Of(d).Customer.Phone = text),
            new("email", "/customer/email", (d, text, _) => Of(d).Customer.Email = text),
            new("product", "/lines/product", (d, text, _) => ((Draft)d).Line.Message.Product = text),
            new("kind", "/lines/kind", SetKind),
            new("quantity", "/lines/quantity", (d, text, e) => ((Draft)d).Line.Quantity = RowKind.Whole(text, ((Draft)d).At("quantity"), e)),
            new("amount", "/lines/amount", (d, text, e) => ((Draft)d).Line.Amount = RowKind.Number(text, ((Draft)d).At("amount"), e)),
            new("amountMinor", "/lines/amountMinor", (d, text, e) =>
                ((Draft)d).Line.Message.AmountMinor = RowKind.Whole(text, ((Draft)d).At("amountMinor"), e)),
        ],
        []);

    private static Purchase Of(ImportDraft draft) => ((Draft)draft).Purchase;

    private static void Same(
        ImportDraft draft, Func<Purchase, string> get, Action<Purchase, string> set, string text, string at, FieldErrors errors)
    {
        var known = get(Of(draft));
        if (known.Length > 0 && known != text)
            errors.Add(at, "The rows of a receipt disagree in this.");
        set(Of(draft), text);
    }

    private static void SetChannel(ImportDraft draft, string text, FieldErrors errors)
    {
        var channel = Word<Channel>(text, "CHANNEL_");
        if (channel == Channel.Unspecified)
            errors.Add("/channel", "Say where it was bought: POS or ESHOP.");
        Of(draft).Channel = channel;
    }

    private static void SetKind(ImportDraft draft, string text, FieldErrors errors)
    {
        var line = ((Draft)draft).Line;
        line.Message.Kind = Word<Contracts.Ingest.V1.LineKind>(text, "LINE_KIND_");
        if (line.Message.Kind == Contracts.Ingest.V1.LineKind.Unspecified)
            errors.Add(((Draft)draft).At("kind"), "Say what the line is: SALE, RETURN, FEE or ADJUSTMENT.");
    }

    private static T Word<T>(string text, string prefix)
        where T : struct, System.Enum
    {
        var word = text.Trim();
        if (word.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            word = word[prefix.Length..];
        return word.All(char.IsLetter) && System.Enum.TryParse<T>(word, ignoreCase: true, out var value) ? value : default;
    }

    private sealed class LineDraft
    {
        public Line Message { get; } = new();

        public long Quantity { get; set; } = 1;

        public decimal? Amount { get; set; }
    }

    private sealed class Draft : ImportDraft
    {
        private readonly List<LineDraft> lines = [];

        public Purchase Purchase { get; } = new() { Customer = new Identifiers() };

        public LineDraft Line => lines[^1];

        public string At(string field) => Invariant($"/lines/{lines.Count - 1}/{field}");

        public override void BeginRow()
        {
            // Every row names the id; they agree, or they would not be together.
            Id = null;
            lines.Add(new LineDraft());
        }

        public override IMessage Finish(FieldErrors errors)
        {
            Id ??= Purchase.Receipt;
            for (var i = 0; i < lines.Count; i++)
            {
                var line = lines[i];
                if (line.Amount is { } amount)
                    line.Message.AmountMinor = RowKind.Minor(amount, Purchase.Currency, Invariant($"/lines/{i}/amount"), errors);
                // Without a word for it, money or goods that go back are a return, as most systems export them.
                if (line.Message.Kind == Contracts.Ingest.V1.LineKind.Unspecified)
                {
                    var back = line.Quantity < 0 || line.Message.AmountMinor < 0;
                    line.Message.Kind = back ? Contracts.Ingest.V1.LineKind.Return : Contracts.Ingest.V1.LineKind.Sale;
                    line.Quantity = Math.Abs(line.Quantity);
                }
                line.Message.Quantity = (int)Math.Clamp(line.Quantity, int.MinValue, int.MaxValue);
                Purchase.Lines.Add(line.Message);
            }
            return Purchase;
        }
    }
}
