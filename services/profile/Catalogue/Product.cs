using System.Diagnostics;
using Patron.Runtime.EventStore;

namespace Patron.Profile;

/// <summary>What a system told of a part of the catalogue, checked and normalised.</summary>
internal abstract record ToldOfCatalogue(string Code, DateTimeOffset Since)
{
    /// <param name="hash">Of the event that told it; null where it has no source and id.</param>
    public abstract Command CommandOf(Guid? hash);
}

/// <summary>Null and empty parts say nothing.</summary>
/// <param name="Names">Languages to set; others stay.</param>
/// <param name="Attributes">Those to set; an empty value removes one.</param>
/// <param name="Prices">All prices of the channels among them.</param>
internal sealed record ToldProduct(
    string Code, DateTimeOffset Since, IReadOnlyDictionary<string, string> Names, string? Category, string? Brand,
    IReadOnlyList<ProductAttribute> Attributes, IReadOnlyList<ProductPrice> Prices, IReadOnlyList<StoreStock> Stock) : ToldOfCatalogue(Code, Since)
{
    public override Command CommandOf(Guid? hash) =>
        Product.Kind.Command(Product.IdOf(Code), Product.IdOf(Code), product => Product.Decide(product, this, hash));
}

/// <summary>A product as the next decision needs it, and as it is shown.</summary>
/// <param name="Version">The number of changes, from 1.</param>
/// <param name="DescribedSince">Null while only prices or stock are known.</param>
/// <param name="PricedSince">By channel.</param>
/// <param name="CountedSince">By store.</param>
internal sealed record Product(
    string Code, int Version, DateTimeOffset? DescribedSince, IReadOnlyDictionary<string, string> Names, string Category, string Brand,
    IReadOnlyList<ProductAttribute> Attributes, IReadOnlyList<ProductPrice> Prices, IReadOnlyDictionary<string, DateTimeOffset> PricedSince,
    IReadOnlyDictionary<string, long> Stock, IReadOnlyDictionary<string, DateTimeOffset> CountedSince)
{
    public static Product Unknown { get; } = new(
        "", 0, null, new Dictionary<string, string>(), "", "", [], [], new Dictionary<string, DateTimeOffset>(), new Dictionary<string, long>(),
        new Dictionary<string, DateTimeOffset>());

    public static StreamKind<Product> Kind { get; } = new("product", Unknown, Evolve, ProfileJson.Default.Product);

    /// <summary>The stream of a product: a UUID (version 8) derived from its code.</summary>
    public static Guid IdOf(string code) => IngestReader.KeyOf("catalogue/product", code);

    /// <summary>
    /// Of each part what is news: description, each channel's prices, the stores that were counted. What is older than what is known of the
    /// same part loses, so systems may tell in any order.
    /// </summary>
    public static Decision Decide(Product product, ToldProduct told, Guid? hash)
    {
        var events = new List<CatalogueEvent>();
        if (Described(product, told) is { } described)
            events.Add(described);
        foreach (var channel in told.Prices.GroupBy(p => p.Channel))
        {
            var known = product.Prices.Where(p => p.Channel == channel.Key);
            if (!IsOlder(told, product.PricedSince, channel.Key) && !known.SequenceEqual(channel))
                events.Add(new ProductPriced(told.Code, told.Since, channel.Key, [.. channel]));
        }

        var counted = told.Stock.Where(s => !IsOlder(told, product.CountedSince, s.Store)
            && (!product.Stock.TryGetValue(s.Store, out var pieces) || pieces != s.Pieces)).ToList();
        if (counted.Count > 0)
            events.Add(new StockCounted(told.Code, told.Since, counted));
        if (events.Count == 0)
            return Decision.Nothing;
        events[0] = events[0] with { Told = hash };
        return Decision.Of(events);
    }

    public static Product Evolve(Product product, DomainEvent happened)
    {
        var next = product with { Code = ((CatalogueEvent)happened).Code, Version = product.Version + 1 };
        return happened switch
        {
            ProductDescribed described => next with
            {
                DescribedSince = described.Since,
                Names = described.Names,
                Category = described.Category,
                Brand = described.Brand,
                Attributes = described.Attributes,
            },
            ProductPriced priced => next with
            {
                Prices = [.. product.Prices.Where(p => p.Channel != priced.Channel), .. priced.Prices],
                PricedSince = With(product.PricedSince, [new(priced.Channel, priced.Since)]),
            },
            StockCounted counted => next with
            {
                Stock = With(product.Stock, counted.Stock.Select(s => KeyValuePair.Create(s.Store, s.Pieces))),
                CountedSince = With(product.CountedSince, counted.Stock.Select(s => KeyValuePair.Create(s.Store, counted.Since))),
            },
            _ => throw new UnreachableException($"{happened.GetType().Name} is not an event of a product."),
        };
    }

    private static ProductDescribed? Described(Product product, ToldProduct told)
    {
        if (told.Since < product.DescribedSince)
            return null;
        var attributes = product.Attributes.Where(a => !told.Attributes.Any(t => t.Name == a.Name)).Concat(told.Attributes.Where(a => a.Value.Length > 0))
            .OrderBy(a => a.Name, StringComparer.Ordinal).ToList();
        var now = new ProductDescribed(
            told.Code, told.Since, With(product.Names, told.Names), told.Category ?? product.Category, told.Brand ?? product.Brand, attributes);
        var isSame = now.Category == product.Category && now.Brand == product.Brand && attributes.SequenceEqual(product.Attributes)
            && told.Names.All(n => product.Names.TryGetValue(n.Key, out var known) && known == n.Value);
        return isSame ? null : now;
    }

    private static bool IsOlder(ToldProduct told, IReadOnlyDictionary<string, DateTimeOffset> since, string part) =>
        since.TryGetValue(part, out var known) && told.Since < known;

    // Sorted, so that equal states are written alike.
    private static SortedDictionary<string, T> With<T>(IReadOnlyDictionary<string, T> known, IEnumerable<KeyValuePair<string, T>> changed)
    {
        var all = new SortedDictionary<string, T>(StringComparer.Ordinal);
        foreach (var (name, value) in known.Concat(changed))
            all[name] = value;
        return all;
    }
}
