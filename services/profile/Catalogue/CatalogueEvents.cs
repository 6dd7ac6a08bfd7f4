using System.Text.Json.Serialization;
using Patron.Runtime.EventStore;

namespace Patron.Profile;

/// <summary>
/// An event of the catalogue: of a product or a store, never of a customer. Its stream and partition follow from the code. Nothing in it is
/// personal, and nothing is published by itself: what others need travels in the facts of purchases.
/// </summary>
/// <param name="Since">Business time from which it holds, by whoever told it; never earlier than of the event of this kind before.</param>
internal abstract record CatalogueEvent(string Code, DateTimeOffset Since) : ProfileEvent;

/// <summary>The whole description as it is now, unchanged parts too, so that the event alone tells what the product is.</summary>
/// <param name="Names">By language tag.</param>
/// <param name="Category">From the widest, parted by slashes; empty when unknown.</param>
[EventName("profile.product-described.v1")]
internal sealed record ProductDescribed(
    string Code, DateTimeOffset Since, IReadOnlyDictionary<string, string> Names, string Category, string Brand,
    IReadOnlyList<ProductAttribute> Attributes) : CatalogueEvent(Code, Since);

/// <summary>All prices of one channel as they are now.</summary>
[EventName("profile.product-priced.v1")]
internal sealed record ProductPriced(string Code, DateTimeOffset Since, string Channel, IReadOnlyList<ProductPrice> Prices) : CatalogueEvent(Code, Since);

/// <summary>The stores whose count is another than before.</summary>
[EventName("profile.stock-counted.v1")]
internal sealed record StockCounted(string Code, DateTimeOffset Since, IReadOnlyList<StoreStock> Stock) : CatalogueEvent(Code, Since);

/// <summary>Everything of the store as it is now.</summary>
[EventName("profile.store-described.v1")]
internal sealed record StoreDescribed(string Code, DateTimeOffset Since, StoreDescription Store) : CatalogueEvent(Code, Since);

internal enum AttributeKind
{
    Text = 1,
    Number = 2,
    YesNo = 3,
}

/// <param name="Value">As told; of a number its decimal text, so that no digit is lost.</param>
internal sealed record ProductAttribute(string Name, AttributeKind Kind, string Value);

/// <summary>What one piece costs in a channel, from a moment on (inclusive) until another (exclusive); null sets no bound.</summary>
/// <param name="Promotion">Its name; null for the usual price.</param>
internal sealed record ProductPrice(
    string Channel, string Currency, long AmountMinor, DateTimeOffset? From, DateTimeOffset? Until, string? Promotion)
{
    public bool HoldsAt(DateTimeOffset moment) => (From is null || From <= moment) && (Until is null || moment < Until);
}

internal sealed record StoreStock(string Store, long Pieces);

/// <param name="Names">By language tag.</param>
/// <param name="TimeZone">IANA; null when unknown, as all that follows.</param>
internal sealed record StoreDescription(
    IReadOnlyDictionary<string, string> Names, string? TimeZone, StorePosition? Position, string? Channel, IReadOnlyList<StoreHours> Hours);

/// <summary>Millionths of a degree of WGS 84, north and east: a tenth of a metre, and no rounding on the way.</summary>
internal sealed record StorePosition(int LatitudeE6, int LongitudeE6);

/// <param name="Weekday">1 for Monday to 7 for Sunday.</param>
/// <param name="Opens">Local time such as 09:30.</param>
internal sealed record StoreHours(int Weekday, string Opens, string Closes);

/// <summary>What the catalogue said of a product when a purchase of it was recorded. Stored as an array of three, like the lines.</summary>
[JsonConverter(typeof(KnownProductJson))]
internal readonly record struct KnownProduct(string Product, string Category, string Brand);
