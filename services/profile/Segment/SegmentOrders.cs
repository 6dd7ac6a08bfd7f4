using System.Text.Json;
using Patron.Contracts;

namespace Patron.Profile;

/// <summary>
/// Orders of Segment's e-commerce events as purchases. <c>Order Completed</c> sells each of <c>products</c>, <c>Order Refunded</c> takes each back,
/// so it has to list them: the code is <c>sku</c>, else <c>product_id</c>; the pieces are <c>quantity</c>, else 1; the amount is price times
/// pieces, in minor units, rounded half away from zero. <c>shipping</c> and <c>tax</c> are fees with the codes SHIPPING and TAX, <c>discount</c> is
/// an adjustment with the code DISCOUNT. The receipt is <c>order_id</c>, the channel the eShop, the currency <c>currency</c> or else the brand's
/// only one. <c>total</c> and <c>revenue</c> follow from these and are not looked at.
/// </summary>
internal sealed class SegmentOrders(ProfileSettings settings)
{
    private const string Completed = "Order Completed";
    private const string Refunded = "Order Refunded";
    private static readonly (string Name, string Code, string Kind, int Sign)[] Extras =
        [("shipping", "SHIPPING", "LINE_KIND_FEE", 1), ("tax", "TAX", "LINE_KIND_FEE", 1), ("discount", "DISCOUNT", "LINE_KIND_ADJUSTMENT", -1)];

    // Beyond this an amount is an error of the sender; below it nothing overflows.
    private const decimal NumberMax = 1_000_000_000_000;

    public static bool IsOrder(string? type) => type is Completed or Refunded;

    /// <summary>The purchase, or null and an error for each field that is wrong, by its place in the message.</summary>
    public SegmentTranslation? Translate(SegmentMessage message, Func<string, JsonElement, CloudEvent> eventOf, FieldErrors errors)
    {
        var before = errors.Count;
        var properties = message.Member("properties");
        var currency = SegmentMessage.Text(properties, "currency") ?? (settings.Currencies.Count == 1 ? settings.Currencies[0] : null);
        if (currency is null)
            errors.Add("/properties/currency", "Name the currency by its ISO 4217 code, such as GBP.");
        var lines = Lines(properties, Money.Exponent(currency ?? ""), SegmentTranslation.TypeOf(message) == Refunded ? -1 : 1, errors);
        if (errors.Count > before)
            return null;

        var data = JsonBody.Written(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("receipt", SegmentMessage.Text(properties, "order_id") ?? "");
            writer.WriteString("channel", "CHANNEL_ESHOP");
            writer.WriteString("currency", currency);
            SegmentTranslation.WriteCustomer(writer, message.Text("userId"), message.Text("anonymousId"), default);
            WriteLines(writer, lines);
            writer.WriteEndObject();
        });
        var pointers = SegmentTranslation.Common("userId", "anonymousId");
        pointers.AddRange([("/data/receipt", "/properties/order_id"), ("/data/currency", "/properties/currency"), ("/data/lines", "/properties/products")]);
        pointers.AddRange(lines.Index().SelectMany(l => l.Item.Pointers(l.Index)));
        return SegmentTranslation.Of(eventOf(SegmentTranslation.PurchaseType, data), pointers);
    }

    private static List<OrderLine> Lines(JsonElement properties, int exponent, int sign, FieldErrors errors)
    {
        var lines = new List<OrderLine>();
        var products = SegmentMessage.Member(properties, "products");
        if (products.ValueKind != JsonValueKind.Array || products.GetArrayLength() == 0)
            errors.Add("/properties/products", "List the products of the order, each with sku or product_id, price and quantity.");
        else
        {
            foreach (var (index, product) in products.EnumerateArray().Index())
                lines.Add(ProductLine(product, $"/properties/products/{index}", exponent, sign, errors));
        }
        foreach (var (name, code, kind, extraSign) in Extras)
        {
            if (!IsTold(properties, name))
                continue;
            var amount = Minor(Number(properties, name, "/properties", errors), exponent);
            if (amount != 0)
                lines.Add(new OrderLine(code, kind, 1, amount * extraSign * sign, $"/properties/{name}", null));
        }
        return lines;
    }

    private static OrderLine ProductLine(JsonElement product, string at, int exponent, int sign, FieldErrors errors)
    {
        var quantity = IsTold(product, "quantity") ? Number(product, "quantity", at, errors) : 1;
        var price = Number(product, "price", at, errors);
        var code = SegmentMessage.Text(product, "sku") is null ? "product_id" : "sku";
        return new OrderLine(
            SegmentMessage.Text(product, code) ?? "", sign > 0 ? "LINE_KIND_SALE" : "LINE_KIND_RETURN", quantity, Minor(price * quantity, exponent) * sign, at,
            code);
    }

    private static bool IsTold(JsonElement json, string name) =>
        SegmentMessage.Member(json, name).ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    private static decimal Number(JsonElement json, string name, string at, FieldErrors errors)
    {
        if (SegmentMessage.Member(json, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetDecimal(out var value)
            && value is >= 0 and <= NumberMax)
            return value;
        errors.Add($"{at}/{name}", "This must be a number of at least 0.");
        return 0;
    }

    private static decimal Minor(decimal amount, int exponent)
    {
        for (var i = 0; i < exponent; i++)
            amount *= 10;
        return decimal.Round(amount, 0, MidpointRounding.AwayFromZero);
    }

    private static void WriteLines(Utf8JsonWriter writer, List<OrderLine> lines)
    {
        writer.WriteStartArray("lines");
        foreach (var line in lines)
        {
            writer.WriteStartObject();
            writer.WriteString("product", line.Product);
            writer.WriteString("kind", line.Kind);
            writer.WriteNumber("quantity", line.Quantity);
            writer.WriteNumber("amountMinor", line.AmountMinor);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    /// <param name="Code">The field of the product that its code came from; null where the line is no product.</param>
    private sealed record OrderLine(string Product, string Kind, decimal Quantity, decimal AmountMinor, string At, string? Code)
    {
        public IEnumerable<(string From, string To)> Pointers(int index) => Code is null
            ? [($"/data/lines/{index}", At)]
            : [
                ($"/data/lines/{index}", At), ($"/data/lines/{index}/product", $"{At}/{Code}"), ($"/data/lines/{index}/amountMinor", $"{At}/price"),
            ];
    }
}
