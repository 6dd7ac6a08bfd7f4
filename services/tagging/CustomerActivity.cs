using System.Text.Json.Serialization;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Profile.V1;

namespace Patron.Tagging;

/// <summary>
/// What rules know of a customer's purchases. Amounts are minor units of the brand's currency, the only one that ingestion lets in; only
/// sold lines count and returned ones subtract, fees and adjustments are neither.
/// </summary>
/// <param name="PosPurchases">Receipts with at least one sold line, in shops.</param>
/// <param name="Returns">Receipts with at least one returned line.</param>
/// <param name="LargestBasket">The most that one receipt sold for.</param>
/// <param name="LastPurchaseAt">When the latest receipt with a sold line was, by the touchpoint; <see cref="DateTimeOffset.MinValue"/> for none.</param>
/// <param name="Position">The last position of the profile topic that is counted for this customer; 0 for none.</param>
internal readonly record struct CustomerActivity(
    int PosPurchases, int EShopPurchases, long PosSpend, long EShopSpend, int Returns, long LargestBasket, DateTimeOffset LastPurchaseAt, long Position)
{
    public static readonly CustomerActivity None = new(0, 0, 0, 0, 0, 0, DateTimeOffset.MinValue, 0);

    [JsonIgnore]
    public int Purchases => PosPurchases + EShopPurchases;

    [JsonIgnore]
    public long Spend => PosSpend + EShopSpend;

    /// <summary>What one receipt adds.</summary>
    public static CustomerActivity Of(PurchaseRecorded receipt, long position)
    {
        var sold = receipt.Lines.Where(line => line.Kind == LineKind.Sale).ToList();
        var soldFor = sold.Sum(line => line.AmountMinor);
        var returned = receipt.Lines.Where(line => line.Kind == LineKind.Return).ToList();
        var spend = soldFor + returned.Sum(line => line.AmountMinor);
        var purchases = sold.Count > 0 ? 1 : 0;
        var (inShop, online) = receipt.Channel switch
        {
            Channel.Pos => (1, 0),
            Channel.Eshop => (0, 1),
            _ => throw new InvalidDataException($"A purchase came by a channel that is not known: {receipt.Channel}."),
        };
        return new CustomerActivity(
            inShop * purchases, online * purchases, inShop * spend, online * spend, returned.Count > 0 ? 1 : 0, soldFor,
            purchases > 0 ? receipt.OccurredAt.ToDateTimeOffset() : DateTimeOffset.MinValue, position);
    }

    /// <summary>Both together, in whatever order they happened.</summary>
    public CustomerActivity Plus(CustomerActivity other) => new(
        PosPurchases + other.PosPurchases, EShopPurchases + other.EShopPurchases, PosSpend + other.PosSpend, EShopSpend + other.EShopSpend,
        Returns + other.Returns, Math.Max(LargestBasket, other.LargestBasket),
        LastPurchaseAt > other.LastPurchaseAt ? LastPurchaseAt : other.LastPurchaseAt, Math.Max(Position, other.Position));
}
