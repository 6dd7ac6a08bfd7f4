using System.Globalization;
using Patron.Contracts;

namespace Patron.Loyalty;

/// <summary>Whether a coupon may be used for a basket, and why not. Amounts are those before any discount.</summary>
internal static class BasketConditions
{
    /// <summary>Null where it may.</summary>
    /// <param name="tier">Of the customer; null where there is none.</param>
    public static WhyNot? WhyNot(Campaign campaign, Basket basket, DateTimeOffset at, string? tier)
    {
        var conditions = campaign.Conditions ?? Conditions.None;
        if (WhyNotHere(campaign, basket.Channel, basket.Store, at) is { } elsewhere)
            return elsewhere;
        if (conditions.MembersOnly && basket.Customer is null)
            return new("customer-needed", "It is for known customers: send the customer too.");
        if (!Has(conditions.Tiers, tier))
            return new("other-tier", $"It is for the tiers {Listed(conditions.Tiers)}.");
        return WhyNot(campaign, conditions, basket);
    }

    /// <summary>What is asked of the place and the time, whatever the basket; null where it may be used.</summary>
    public static WhyNot? WhyNotHere(Campaign campaign, string? channel, string? store, DateTimeOffset at)
    {
        if (campaign.Conditions is not { } conditions)
            return null;
        var local = conditions.Zone is { } zone ? TimeZoneInfo.ConvertTime(at, TimeZoneInfo.FindSystemTimeZoneById(zone)) : at;
        if (!Has(conditions.Channels, channel))
            return new("other-channel", $"It is for {Listed(conditions.Channels)}.");
        if (!Has(conditions.Stores, store))
            return new("other-store", $"It is for the stores {Listed(conditions.Stores)}.");
        if (conditions.Weekdays is { Count: > 0 } days && !days.Contains(Iso(local.DayOfWeek)))
            return new("other-weekday", $"It is for the weekdays {string.Join(", ", days)}, where 1 is Monday.");
        if (conditions.FromTime is { } from && !IsWithin(TimeOnly.FromDateTime(local.DateTime), from, conditions.UntilTime!))
            return new("other-time", $"It is for the time from {from} to {conditions.UntilTime} in {conditions.Zone}.");
        return null;
    }

    /// <summary>The lines that a coupon is for, by their places.</summary>
    public static IReadOnlyList<int> LinesOf(Campaign campaign, Basket basket)
    {
        var goods = campaign.Goods ?? Goods.All;
        return [.. Enumerable.Range(0, basket.Lines.Count).Where(at =>
        {
            var line = basket.Lines[at];
            return goods.Include(line.Product, line.Category, line.Brand)
                && (campaign.Benefit.Kind != BenefitKind.FreeProduct || line.Product == campaign.Benefit.Product);
        })];
    }

    private static WhyNot? WhyNot(Campaign campaign, Conditions conditions, Basket basket)
    {
        var goods = campaign.Goods ?? Goods.All;
        var meant = basket.Lines.Where(line => goods.Include(line.Product, line.Category, line.Brand)).ToList();
        if (LinesOf(campaign, basket).Count == 0)
            return new("no-goods", "Nothing in the basket is what it is for.");
        if (campaign.Benefit.Currency is { } currency && currency != basket.Currency)
            return new("other-currency", $"It is in {currency}.");
        if (conditions.MinSpendMinor > 0 && conditions.Currency != basket.Currency)
            return new("other-currency", $"It is for purchases in {conditions.Currency}.");
        var spend = meant.Sum(line => line.AmountMinor);
        if (spend < conditions.MinSpendMinor)
            return new("min-spend", $"{Money.Text(conditions.MinSpendMinor - spend, basket.Currency)} more of what it is for are needed.");
        var pieces = meant.Sum(line => (long)line.Quantity);
        return pieces < conditions.MinPieces
            ? new("min-pieces", string.Create(CultureInfo.InvariantCulture, $"{conditions.MinPieces - pieces} more pieces of what it is for are needed."))
            : null;
    }

    private static bool Has(IReadOnlyList<string>? named, string? value) =>
        named is not { Count: > 0 } || (value is not null && named.Contains(value, StringComparer.Ordinal));

    private static string Listed(IReadOnlyList<string>? named) => string.Join(", ", named!.Take(5)) + (named!.Count > 5 ? " and others" : "");

    private static int Iso(DayOfWeek day) => day == DayOfWeek.Sunday ? 7 : (int)day;

    private static bool IsWithin(TimeOnly time, string from, string until) =>
        time.IsBetween(TimeOnly.ParseExact(from, "HH:mm", CultureInfo.InvariantCulture), TimeOnly.ParseExact(until, "HH:mm", CultureInfo.InvariantCulture));
}
