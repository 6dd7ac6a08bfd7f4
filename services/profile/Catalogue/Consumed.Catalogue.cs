using System.Globalization;
using System.Text.RegularExpressions;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Contract = Patron.Contracts.Ingest.V1;
using static System.FormattableString;

namespace Patron.Profile;

/// <summary>The catalogue's part of the contract: every rule for HTTP, the log and files alike.</summary>
internal sealed partial class Consumed
{
    public const int PricesMax = 500;
    public const int StoresMax = 5_000;
    public const int ProductAttributesMax = 200;
    private const int CategoryLevelsMax = 8;
    private const int CategoryCharactersMax = 256;
    private const int AttributeCharactersMax = 1_000;
    private const long PiecesMax = 1_000_000_000;

    /// <param name="moment">Since when it holds where it does not say so itself.</param>
    /// <param name="now">Business time.</param>
    public ToldProduct ProductOf(Contract.Product product, DateTimeOffset moment, DateTimeOffset now, string at, FieldErrors errors)
    {
        CheckCode(product.Code, $"{at}/code", "the product as purchases name it", errors);
        if (product.Category.Length > 0 && !IsCategory(product.Category))
        {
            errors.Add(
                $"{at}/category", $"A category is a path of 1 to {CategoryLevelsMax} levels such as women/shoes, {CategoryCharactersMax} characters in all.");
        }
        CheckName(product.Brand, $"{at}/brand", errors);
        if (product.Attributes.Count > ProductAttributesMax)
            errors.Add($"{at}/attributes", Invariant($"A product has at most {ProductAttributesMax} attributes."));
        if (product.Prices.Count > PricesMax)
            errors.Add($"{at}/prices", Invariant($"A product has at most {PricesMax} prices."));
        if (product.Stock.Count > StoresMax)
            errors.Add($"{at}/stock", Invariant($"Name at most {StoresMax} stores at once."));
        return new ToldProduct(
            product.Code, SinceOf(product.Since, moment, now, $"{at}/since", errors), NamesOf(product.Names, $"{at}/names", errors),
            Given(product.Category), Given(product.Brand.Trim()),
            [.. product.Attributes.Take(ProductAttributesMax).Select((a, i) => AttributeOf(a, Invariant($"{at}/attributes/{i}"), errors))],
            [.. product.Prices.Take(PricesMax).Select((p, i) => PriceOf(p, Invariant($"{at}/prices/{i}"), errors))],
            [.. product.Stock.Take(StoresMax).Select((s, i) => StockOf(s, Invariant($"{at}/stock/{i}"), errors))]);
    }

    public ToldStore StoreOf(Contract.Store store, DateTimeOffset moment, DateTimeOffset now, string at, FieldErrors errors)
    {
        CheckCode(store.Code, $"{at}/code", "the store as purchases name it", errors);
        var zone = Checked(
            store.TimeZone, Normal.TimeZone, $"{at}/timeZone", "This is not a time zone of the IANA database, such as Asia/Hong_Kong.", errors);
        if (store.OpeningHours.Count > 7 * 4)
            errors.Add($"{at}/openingHours", "A day has at most four opening hours.");
        var description = new StoreDescription(
            NamesOf(store.Names, $"{at}/names", errors), zone, PositionOf(store.Position, $"{at}/position", errors),
            store.Channel.Length == 0 ? null : ChannelOf(store.Channel, $"{at}/channel", errors),
            [.. store.OpeningHours.Take(7 * 4).Select((h, i) => HoursOf(h, Invariant($"{at}/openingHours/{i}"), errors))]);
        return new ToldStore(store.Code, SinceOf(store.Since, moment, now, $"{at}/since", errors), description);
    }

    private DateTimeOffset SinceOf(Timestamp? since, DateTimeOffset moment, DateTimeOffset now, string at, FieldErrors errors)
    {
        if (since is null)
            return moment;
        var time = since.ToDateTimeOffset();
        if (time > now + settings.FutureMax || time < settings.EarliestTime)
            errors.Add(at, "This must be a moment of the past; a price of the future has 'from'.");
        return time;
    }

    private static SortedDictionary<string, string> NamesOf(MapField<string, string> told, string at, FieldErrors errors)
    {
        var names = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (tag, name) in told)
        {
            if (Normal.Language(tag) is not { } language)
                errors.Add($"{at}/{ProtobufJson.Escape(tag)}", "This is not a language tag of BCP 47, such as zh-Hant-HK.");
            else if (string.IsNullOrWhiteSpace(name) || name.Length > NameCharactersMax || name.Any(char.IsControl))
                errors.Add($"{at}/{language}", $"A name has 1 to {NameCharactersMax} characters and no control characters.");
            else
                names[language] = name.Trim();
        }
        return names;
    }

    private static ProductAttribute AttributeOf(Contract.Attribute attribute, string at, FieldErrors errors)
    {
        CheckCode(attribute.Name, $"{at}/name", "the attribute", errors);
        var fits = attribute.Value.Length == 0 || attribute.Type switch
        {
            Contract.AttributeType.Number => decimal.TryParse(
                attribute.Value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _),
            Contract.AttributeType.YesNo => attribute.Value is "true" or "false",
            _ => attribute.Value.Length <= AttributeCharactersMax && !attribute.Value.Any(char.IsControl),
        };
        if (!fits)
            errors.Add($"{at}/value", $"A text has at most {AttributeCharactersMax} characters, a number is like 1.5, and yes or no is true or false.");
        var kind = attribute.Type == Contract.AttributeType.Unspecified ? AttributeKind.Text : (AttributeKind)attribute.Type;
        return new ProductAttribute(attribute.Name, kind, attribute.Value);
    }

    private ProductPrice PriceOf(Contract.Price price, string at, FieldErrors errors)
    {
        var channel = ChannelOf(price.Channel, $"{at}/channel", errors);
        CheckCurrency(price.Currency, $"{at}/currency", errors);
        if (price.AmountMinor is < 0 or > AmountMinorMax)
            errors.Add($"{at}/amountMinor", Invariant($"A price is from 0 to {AmountMinorMax} minor units."));
        var (from, until) = (price.From?.ToDateTimeOffset(), price.Until?.ToDateTimeOffset());
        if (until <= from)
            errors.Add($"{at}/until", "A price ends after it begins.");
        CheckName(price.Promotion, $"{at}/promotion", errors);
        return new ProductPrice(channel, price.Currency, price.AmountMinor, from, until, Given(price.Promotion.Trim()));
    }

    private static StoreStock StockOf(Contract.Stock stock, string at, FieldErrors errors)
    {
        CheckCode(stock.Store, $"{at}/store", "the store", errors);
        if (stock.Pieces is < 0 or > PiecesMax)
            errors.Add($"{at}/pieces", Invariant($"The pieces are from 0 to {PiecesMax}."));
        return new StoreStock(stock.Store, stock.Pieces);
    }

    private static string ChannelOf(string text, string at, FieldErrors errors)
    {
        var channel = text.Trim().ToLowerInvariant();
        if (!PriceChannel().IsMatch(channel))
            errors.Add(at, "Name a channel, such as pos, eshop or tmall, in 1 to 32 letters, digits and hyphens.");
        return channel;
    }

    private static StorePosition? PositionOf(Contract.Position? position, string at, FieldErrors errors)
    {
        if (position is null)
            return null;
        if (position.Latitude is not (>= -90 and <= 90))
            errors.Add($"{at}/latitude", "The latitude is from -90 to 90 degrees north.");
        else if (position.Longitude is not (>= -180 and <= 180))
            errors.Add($"{at}/longitude", "The longitude is from -180 to 180 degrees east.");
        else
            return new StorePosition((int)Math.Round(position.Latitude * 1e6), (int)Math.Round(position.Longitude * 1e6));
        return null;
    }

    private static StoreHours HoursOf(Contract.OpeningHours hours, string at, FieldErrors errors)
    {
        if (hours.Weekday is < 1 or > 7)
            errors.Add($"{at}/weekday", "The weekday is from 1 for Monday to 7 for Sunday.");
        if (!TimeOfDay().IsMatch(hours.Opens))
            errors.Add($"{at}/opens", "This must be a time of day such as 09:30.");
        if (!TimeOfDay().IsMatch(hours.Closes) && hours.Closes != "24:00")
            errors.Add($"{at}/closes", "This must be a time of day such as 22:00, at the latest 24:00.");
        return new StoreHours(hours.Weekday, hours.Opens, hours.Closes);
    }

    private static bool IsCategory(string path) =>
        path.Length <= CategoryCharactersMax && !path.Any(char.IsControl)
        && path.Split('/') is var levels && levels.Length <= CategoryLevelsMax && levels.All(l => l.Trim().Length > 0);

    private static string? Given(string text) => text.Length == 0 ? null : text;

    [GeneratedRegex(@"^[a-z0-9][a-z0-9-]{0,31}\z")]
    private static partial Regex PriceChannel();

    [GeneratedRegex(@"^([01][0-9]|2[0-3]):[0-5][0-9]\z")]
    private static partial Regex TimeOfDay();
}
