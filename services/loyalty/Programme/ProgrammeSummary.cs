using System.Globalization;
using Patron.Contracts;

namespace Patron.Loyalty;

/// <summary>A programme in sentences, for whoever wrote its document to see whether it says what they meant.</summary>
internal static class ProgrammeSummary
{
    public static IReadOnlyList<string> Of(Programme programme) =>
    [
        .. Rates(programme),
        .. programme.Rules.Select(rule => Rule(rule, programme)),
        .. Goods(programme.Exclusions) is { Length: > 0 } excluded ? [$"Earn nothing: {excluded}."] : Array.Empty<string>(),
        .. Caps(programme.Caps) is { Length: > 0 } caps ? [$"Altogether at most {caps}."] : Array.Empty<string>(),
        $"Points are good for the day of the purchase and {programme.ExpiryMonths} months more, until {programme.CutOff:HH:mm} in {programme.Zone}.",
        .. programme.BirthdayPoints > 0 ? [$"On a birthday a member is given {Number(programme.BirthdayPoints, "point")}."] : Array.Empty<string>(),
        .. programme.Tiers.Where(tier => tier.BirthdayPoints is not null)
            .Select(tier => $"On a birthday a member of {tier.Name} is given {Number(tier.BirthdayPoints!.Value, "point")} instead."),
        .. programme.Tiers.Skip(1).Select(tier => Tier(tier, programme)),
        .. programme.Tiers.Count > 1 ? [Review(programme)] : Array.Empty<string>(),
    ];

    /// <summary>Such as <c>500.00 GBP spent or 3 visits</c>.</summary>
    public static string Thresholds(IEnumerable<(TierMeasure Measure, long From)> thresholds, Programme programme) => string.Join(
        programme.TierScheme == TierScheme.Any ? " or " : " and ",
        thresholds.Select(threshold => Amount(threshold.Measure, threshold.From, programme.TierCurrency)));

    public static string Amount(TierMeasure measure, long amount, string currency) => measure switch
    {
        TierMeasure.Spend => $"{Money.Text(amount, currency)} spent",
        TierMeasure.Points => Number(amount, "point"),
        _ => Number(amount, "visit"),
    };

    private static IEnumerable<string> Rates(Programme programme)
    {
        if (programme.EarnRates.Count == 0)
            return ["Nothing earns points; the programme has tiers only."];
        var rounding = programme.Rounding switch
        {
            Rounding.Down => "rounded down",
            Rounding.Nearest => "rounded to the nearest",
            _ => "rounded up",
        };
        return programme.EarnRates.Select(rate =>
        {
            var from = rate.MinimumMinor > 0 ? $" from {Money.Text(rate.MinimumMinor, rate.Currency)} on" : "";
            return $"A purchase{from} earns 1 point for {Money.Text(rate.MinorPerPoint, rate.Currency)}, {rounding} once for the purchase.";
        });
    }

    private static string Rule(EarnRule rule, Programme programme)
    {
        var gives = rule switch
        {
            { MultiplierPercent: > 0 } => $"points times {Times(rule.MultiplierPercent)} ({Stacks(programme.Stacking)})",
            { BonusPoints: > 0 } => $"{Number(rule.BonusPoints, "point")} more for the purchase",
            _ => $"{Number(rule.BonusPointsPerPiece, "point")} more for each piece",
        };
        var when = string.Join(", ", When(rule.When, programme));
        var caps = Caps(rule.Caps);
        return $"{rule.Id}: {gives}{(when.Length == 0 ? "" : $", {when}")}{(caps.Length == 0 ? "" : $"; at most {caps}")}.";
    }

    private static IEnumerable<string> When(EarnCondition when, Programme programme)
    {
        if (Goods(when.Goods) is { Length: > 0 } goods)
            yield return $"on {goods}";
        if (Goods(when.Except) is { Length: > 0 } except)
            yield return $"but not on {except}";
        if (when.MinimumSpendMinor > 0)
            yield return $"from {Money.Text(when.MinimumSpendMinor, when.Currency ?? programme.EarnRates[0].Currency)} of these goods on";
        else if (when.Currency is { } currency)
            yield return $"bought in {currency}";
        if (when.Channels.Count > 0)
            yield return $"through {Or(when.Channels)}";
        if (when.Stores.Count > 0)
            yield return $"in store {Or(when.Stores)}";
        if (when.Tiers.Count > 0)
            yield return $"for {Or(when.Tiers)}";
        if (when.Weekdays.Count > 0)
            yield return $"on a {Or(when.Weekdays.Select(day => day.ToString()))}";
        if (when.Hours is { } hours)
            yield return $"from {hours.From:HH:mm} to {hours.To:HH:mm}";
        if (when.From is { } from)
            yield return $"from {from:yyyy-MM-dd}";
        if (when.Until is { } until)
            yield return $"until {until:yyyy-MM-dd} inclusive";
    }

    private static string Goods(GoodsFilter goods) => string.Join(" or ", new[]
    {
        goods.Categories.Count == 0 ? "" : $"category {Or(goods.Categories)}",
        goods.Brands.Count == 0 ? "" : $"brand {Or(goods.Brands)}",
        goods.Products.Count == 0 ? "" : $"product {Or(goods.Products)}",
    }.Where(part => part.Length > 0));

    private static string Tier(TierRule tier, Programme programme)
    {
        var benefits = tier.Benefits.Count == 0 ? "" : $", and gives {string.Join(", ", tier.Benefits)}";
        return $"{tier.Name} needs {Thresholds(tier.Thresholds, programme)} in the current month and the {programme.TierWindowMonths} before it; "
            + $"its members' points are multiplied by {Times(tier.MultiplierPercent)}{benefits}.";
    }

    private static string Review(Programme programme)
    {
        var grace = programme.TierGraceDays == 0 ? "" : $", with {Number(programme.TierGraceDays, "day")} of grace";
        return $"A tier rises at once and is reviewed {programme.TierReviewMonths} months after it was reached{grace}.";
    }

    private static string Caps(PointCaps caps) => string.Join(" and ", new[]
    {
        caps.PerPurchase is { } purchase ? $"{Number(purchase, "point")} a purchase" : "",
        caps.PerDay is { } day ? $"{Number(day, "point")} a member's day" : "",
        caps.PerMonth is { } month ? $"{Number(month, "point")} a member's month" : "",
    }.Where(part => part.Length > 0));

    private static string Stacks(Stacking stacking) => stacking switch
    {
        Stacking.Best => "where several rules meet, the highest counts",
        Stacking.Add => "where several rules meet, what they add is added up",
        _ => "where several rules meet, they multiply each other",
    };

    private static string Times(int percent) => (percent / 100m).ToString("0.##", CultureInfo.InvariantCulture);

    private static string Number(long count, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {what}{(count == 1 ? "" : "s")}");

    private static string Or(IEnumerable<string> texts)
    {
        var all = texts.ToList();
        var shown = all.Count > 5 ? [.. all.Take(4), string.Create(CultureInfo.InvariantCulture, $"{all.Count - 4} more")] : all;
        return string.Join(" or ", shown);
    }
}
