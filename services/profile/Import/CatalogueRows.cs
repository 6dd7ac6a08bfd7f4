using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Patron.Contracts.Ingest.V1;
using Contract = Patron.Contracts.Ingest.V1;

namespace Patron.Profile;

/// <summary>A row a product, or a store.</summary>
internal static class CatalogueRows
{
    public static RowKind Products { get; } = new(
        "products", Contract.Product.Descriptor.FullName, static () => new ProductDraft(),
        [
            new("code", "/code", (d, text, _) => OfProduct(d).Code = text),
            new("since", "/since", (d, text, e) => OfProduct(d).Since = TimeOf(text, "/since", e)),
            new("category", "/category", (d, text, _) => OfProduct(d).Category = text),
            new("categoryLevel", "/category", (d, text, _) => OfProduct(d).Category = Level(OfProduct(d).Category, text)),
            new("brand", "/brand", (d, text, _) => OfProduct(d).Brand = text),
            new("promotion", "/promotion", (d, text, _) => ((ProductDraft)d).Promotion = text),
            new("promotionFrom", "/promotionFrom", (d, text, e) => ((ProductDraft)d).From = TimeOf(text, "/promotionFrom", e)),
            new("promotionUntil", "/promotionUntil", (d, text, e) => ((ProductDraft)d).Until = TimeOf(text, "/promotionUntil", e)),
        ],
        [
            ("names.", name => new ImportField(name, $"/names/{Rest(name)}", (d, text, _) => OfProduct(d).Names[Rest(name)] = text)),
            ("attribute.", AttributeField),
            ("price.", name => PriceField(name, isPromotion: false)),
            ("promotionPrice.", name => PriceField(name, isPromotion: true)),
            ("stock.", name => new ImportField(name, $"/stock/{Rest(name)}", (d, text, e) =>
                OfProduct(d).Stock.Add(new Stock { Store = Rest(name), Pieces = RowKind.Whole(text, $"/stock/{Rest(name)}", e) }))),
        ]);

    public static RowKind Stores { get; } = new(
        "stores", Contract.Store.Descriptor.FullName, static () => new StoreDraft(),
        [
            new("code", "/code", (d, text, _) => OfStore(d).Code = text),
            new("since", "/since", (d, text, e) => OfStore(d).Since = TimeOf(text, "/since", e)),
            new("timeZone", "/timeZone", (d, text, _) => OfStore(d).TimeZone = text),
            new("channel", "/channel", (d, text, _) => OfStore(d).Channel = text),
            new("latitude", "/position/latitude", (d, text, e) => PositionOf(d).Latitude = (double)RowKind.Number(text, "/position/latitude", e)),
            new("longitude", "/position/longitude", (d, text, e) => PositionOf(d).Longitude = (double)RowKind.Number(text, "/position/longitude", e)),
        ],
        [
            ("names.", name => new ImportField(name, $"/names/{Rest(name)}", (d, text, _) => OfStore(d).Names[Rest(name)] = text)),
            ("hours.", HoursField),
        ]);

    private static Contract.Product OfProduct(ImportDraft draft) => ((ProductDraft)draft).Product;

    private static Contract.Store OfStore(ImportDraft draft) => ((StoreDraft)draft).Store;

    private static Position PositionOf(ImportDraft draft) => OfStore(draft).Position ??= new Position();

    private static string Rest(string name) => name[(name.IndexOf('.') + 1)..];

    // Several columns make the path, each a level; a slash within a level would make two of it.
    private static string Level(string path, string text)
    {
        var level = text.Trim().Replace('/', '-');
        return path.Length == 0 ? level : $"{path}/{level}";
    }

    private static Timestamp? TimeOf(string text, string at, FieldErrors errors)
    {
        if (IngestReader.TryReadTime(text.Trim(), out var time))
            return Timestamp.FromDateTimeOffset(time);
        errors.Add(at, "This is not a time with its offset as in RFC 3339, such as 2024-03-01T10:15:00+08:00.");
        return null;
    }

    // attribute.size, or with its type attribute.weight.number and attribute.vegan.yesno.
    private static ImportField AttributeField(string name)
    {
        var rest = Rest(name);
        var (attribute, type) = rest.EndsWith(".number", StringComparison.OrdinalIgnoreCase)
            ? (rest[..^".number".Length], Patron.Contracts.Ingest.V1.AttributeType.Number)
            : rest.EndsWith(".yesno", StringComparison.OrdinalIgnoreCase) ? (rest[..^".yesno".Length], Patron.Contracts.Ingest.V1.AttributeType.YesNo)
            : (rest, Patron.Contracts.Ingest.V1.AttributeType.Text);
        return new ImportField(name, $"/attributes/{rest}", (d, text, _) =>
            OfProduct(d).Attributes.Add(new Contract.Attribute { Name = attribute, Type = type, Value = text }));
    }

    // price.pos.HKD: an amount such as 12.50.
    private static ImportField? PriceField(string name, bool isPromotion)
    {
        var parts = name.Split('.');
        if (parts.Length != 3)
            return null;
        var pointer = $"/prices/{name}";
        return new ImportField(name, pointer, (draft, text, errors) =>
        {
            var minor = RowKind.Minor(RowKind.Number(text, pointer, errors), parts[2], pointer, errors);
            var price = new Price { Channel = parts[1], Currency = parts[2], AmountMinor = minor };
            OfProduct(draft).Prices.Add(price);
            if (isPromotion)
                ((ProductDraft)draft).Promoted.Add(price);
        });
    }

    // hours.1 to hours.7: 10:00-22:00, several parted by blanks.
    private static ImportField? HoursField(string name)
    {
        if (Rest(name) is not [>= '1' and <= '7'] day)
            return null;
        var pointer = $"/openingHours/{day}";
        return new ImportField(name, pointer, (draft, text, errors) =>
        {
            foreach (var span in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                if (span.Split('-') is [var opens, var closes])
                    OfStore(draft).OpeningHours.Add(new OpeningHours { Weekday = day[0] - '0', Opens = opens, Closes = closes });
                else
                    errors.Add(pointer, "Write opening hours as 10:00-22:00.");
            }
        });
    }

    private sealed class ProductDraft : ImportDraft
    {
        public Contract.Product Product { get; } = new();

        public List<Price> Promoted { get; } = [];

        public string Promotion { get; set; } = "promotion";

        public Timestamp? From { get; set; }

        public Timestamp? Until { get; set; }

        public override IMessage Finish(FieldErrors errors)
        {
            foreach (var price in Promoted)
                (price.Promotion, price.From, price.Until) = (Promotion, From, Until);
            return Product;
        }
    }

    private sealed class StoreDraft : ImportDraft
    {
        public Contract.Store Store { get; } = new();

        public override IMessage Finish(FieldErrors errors) => Store;
    }
}
