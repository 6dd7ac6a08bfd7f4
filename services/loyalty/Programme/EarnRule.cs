namespace Patron.Loyalty;

/// <summary>A rule by which some goods earn more. It gives one of three things; which of them, the document's reader has checked.</summary>
/// <param name="Id">A code of the document, such as <c>double-shoes</c>: events and answers name the rule by it.</param>
/// <param name="Names">What people call it, by language; may be empty.</param>
/// <param name="MultiplierPercent">What the points of the goods are multiplied by, above 100; 0 for none.</param>
/// <param name="BonusPoints">Points for a purchase that has such goods; 0 for none.</param>
/// <param name="BonusPointsPerPiece">Points for every piece of them; 0 for none.</param>
/// <param name="Caps">How much the rule gives at most.</param>
internal sealed record EarnRule(
    string Id, IReadOnlyDictionary<string, string> Names, EarnCondition When, int MultiplierPercent, long BonusPoints, long BonusPointsPerPiece,
    PointCaps Caps);

/// <summary>When a rule applies: every list that is not empty must have what the purchase or the line is.</summary>
/// <param name="Goods">Which lines count.</param>
/// <param name="Except">Lines that don't, though they are among the goods.</param>
/// <param name="Channels">Such as <c>pos</c> and <c>eshop</c>.</param>
/// <param name="Weekdays">Of the purchase, in the programme's zone like hours and dates.</param>
/// <param name="Hours">The time of day; null for all of it.</param>
/// <param name="From">The first day of the campaign.</param>
/// <param name="Until">The last day of it.</param>
/// <param name="Currency">Null for any.</param>
/// <param name="MinimumSpendMinor">What the lines that count must come to.</param>
internal sealed record EarnCondition(
    GoodsFilter Goods, GoodsFilter Except, IReadOnlyList<string> Channels, IReadOnlyList<string> Stores, IReadOnlyList<DayOfWeek> Weekdays,
    HoursOfDay? Hours, IReadOnlyList<string> Tiers, DateOnly? From, DateOnly? Until, string? Currency, long MinimumSpendMinor)
{
    public static EarnCondition Always { get; } = new(GoodsFilter.None, GoodsFilter.None, [], [], [], null, [], null, null, null, 0);

    /// <param name="local">When the purchase happened, in the programme's zone.</param>
    public bool Holds(Purchase purchase, string tier, DateTime local)
    {
        var day = DateOnly.FromDateTime(local);
        return Has(Channels, purchase.Channel) && Has(Stores, purchase.Store) && Has(Tiers, tier)
            && (Weekdays.Count == 0 || Weekdays.Contains(local.DayOfWeek)) && Hours?.Has(TimeOnly.FromDateTime(local)) != false
            && (From is null || day >= From) && (Until is null || day <= Until) && (Currency is null || Currency == purchase.Currency);
    }

    public bool Counts(PurchaseLine line) => (Goods.IsEmpty || Goods.Has(line)) && !Except.Has(line);

    private static bool Has(IReadOnlyList<string> allowed, string? actual) => allowed.Count == 0 || (actual is not null && allowed.Contains(actual));
}

/// <summary>Goods by product, by brand or by category; whatever is named suffices. A category has those below it: women has women/shoes.</summary>
internal sealed record GoodsFilter(IReadOnlyList<string> Products, IReadOnlyList<string> Categories, IReadOnlyList<string> Brands)
{
    public static GoodsFilter None { get; } = new([], [], []);

    public bool IsEmpty => Products.Count + Categories.Count + Brands.Count == 0;

    public bool Has(PurchaseLine line)
    {
        if (IsEmpty)
            return false;
        return Products.Contains(line.Product) || (line.Brand is { Length: > 0 } brand && Brands.Contains(brand))
            || (line.Category is { Length: > 0 } category && Categories.Any(wide => IsIn(category, wide)));
    }

    private static bool IsIn(string category, string wide) =>
        category.StartsWith(wide, StringComparison.Ordinal) && (category.Length == wide.Length || category[wide.Length] == '/');
}

/// <summary>From a time of day until before another; past midnight where the second is the earlier one.</summary>
internal sealed record HoursOfDay(TimeOnly From, TimeOnly To)
{
    public bool Has(TimeOnly time) => time.IsBetween(From, To);
}

/// <summary>The most points of one kind: of a purchase, of a member's day and of a member's month; null for no limit.</summary>
internal sealed record PointCaps(long? PerPurchase, long? PerDay, long? PerMonth)
{
    public static PointCaps None { get; } = new(null, null, null);

    public bool AreCounted => PerDay is not null || PerMonth is not null;
}
