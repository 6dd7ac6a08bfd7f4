using System.Globalization;
using Patron.Runtime.Hosting;

namespace Patron.Loyalty;

/// <summary>Checks what somebody wrote and says of each wrong field what would be right.</summary>
internal static class CampaignCheck
{
    public const int IdCharsMax = 40;
    private const int ListedMax = 500;
    private const int TextCharsMax = 100;
    private const long MinorMax = 1_000_000_000_000;
    private static readonly string[] Languages = ["en", "zh-Hans", "zh-Hant"];

    public static List<FieldError> Of(Campaign campaign)
    {
        var errors = new List<FieldError>();
        Id(errors, "/id", campaign.Id);
        Names(errors, campaign.Names);
        Check(errors, campaign.Benefit);
        Check(errors, campaign.Goods ?? Goods.All);
        Check(errors, campaign.Conditions ?? Conditions.None);
        if (campaign.Stacking?.Group is { } group && !IsId(group))
            errors.Add(new("/stacking/group", "This must be lower-case letters, digits and hyphens, at most 40."));
        if (campaign.From >= campaign.Until)
            errors.Add(new("/until", "This must be later than from."));
        Range(errors, "/validDays", campaign.ValidDays, 0, 3_660);
        Range(errors, "/perMemberMax", campaign.PerMemberMax, 0, 1_000);
        Range(errors, "/reservedMinutes", campaign.ReservedMinutes, 1, 1_440);
        Range(errors, "/stacking/priority", campaign.Stacking?.Priority ?? 0, -1_000, 1_000);
        return errors;
    }

    public static bool IsId(string? text) => text is { Length: >= 1 and <= IdCharsMax } && text.All(
        letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-');

    public static void Id(List<FieldError> errors, string at, string? id)
    {
        if (!IsId(id))
            errors.Add(new(at, $"This must be lower-case letters, digits and hyphens, at most {IdCharsMax}."));
    }

    public static void Names(List<FieldError> errors, IReadOnlyDictionary<string, string>? names)
    {
        if (names is not { Count: > 0 } || names.Any(name => !Languages.Contains(name.Key) || name.Value is not { Length: >= 1 and <= TextCharsMax }))
            errors.Add(new("/names", $"Give names of 1 to {TextCharsMax} characters in some of {string.Join(", ", Languages)}, and no other language."));
    }

    public static void Range(List<FieldError> errors, string at, long value, long from, long to)
    {
        if (value < from || value > to)
            errors.Add(new(at, string.Create(CultureInfo.InvariantCulture, $"This must be {from} to {to}.")));
    }

    public static void Currency(List<FieldError> errors, string at, string? currency)
    {
        if (currency is not { Length: 3 } || !currency.All(char.IsAsciiLetterUpper))
            errors.Add(new(at, "This must be an ISO 4217 code such as GBP."));
    }

    private static void Check(List<FieldError> errors, CouponBenefit? benefit)
    {
        switch (benefit?.Kind)
        {
            case BenefitKind.Percentage:
                Range(errors, "/benefit/basisPoints", benefit.BasisPoints, 1, 10_000);
                Range(errors, "/benefit/maxMinor", benefit.MaxMinor, 0, MinorMax);
                if (benefit.MaxMinor > 0)
                    Currency(errors, "/benefit/currency", benefit.Currency);
                break;
            case BenefitKind.AmountOff:
                Range(errors, "/benefit/amountMinor", benefit.AmountMinor, 1, MinorMax);
                Currency(errors, "/benefit/currency", benefit.Currency);
                break;
            case BenefitKind.FreeProduct:
                if (benefit.Product is not { Length: >= 1 and <= TextCharsMax })
                    errors.Add(new("/benefit/product", "Name the product that is free by its code."));
                Range(errors, "/benefit/pieces", benefit.Pieces, 1, 100);
                break;
            case BenefitKind.BuyAndGet:
                Range(errors, "/benefit/pieces", benefit.Pieces, 2, 100);
                Range(errors, "/benefit/free", benefit.Free, 1, Math.Max(1, benefit.Pieces - 1));
                Range(errors, "/benefit/basisPoints", benefit.BasisPoints, 1, 10_000);
                Range(errors, "/benefit/times", benefit.Times, 0, 1_000);
                break;
            case BenefitKind.PointsMultiplier:
                Range(errors, "/benefit/basisPoints", benefit.BasisPoints, 10_001, 100_000);
                break;
            case BenefitKind.Perk:
                Id(errors, "/benefit/name", benefit.Name);
                break;
            default:
                errors.Add(new("/benefit", "Say what the coupon gives: kind, and the fields of that kind."));
                break;
        }
    }

    private static void Check(List<FieldError> errors, Goods goods)
    {
        Listed(errors, "/goods/products", goods.Products);
        Listed(errors, "/goods/categories", goods.Categories);
        Listed(errors, "/goods/brands", goods.Brands);
        Listed(errors, "/goods/exceptProducts", goods.ExceptProducts);
    }

    private static void Check(List<FieldError> errors, Conditions conditions)
    {
        Range(errors, "/conditions/minSpendMinor", conditions.MinSpendMinor, 0, MinorMax);
        Range(errors, "/conditions/minPieces", conditions.MinPieces, 0, 10_000);
        if (conditions.MinSpendMinor > 0)
            Currency(errors, "/conditions/currency", conditions.Currency);
        Listed(errors, "/conditions/channels", conditions.Channels);
        Listed(errors, "/conditions/stores", conditions.Stores);
        Listed(errors, "/conditions/tiers", conditions.Tiers);
        if (conditions.Weekdays is { } days && (days.Count > 7 || days.Any(day => day is < 1 or > 7)))
            errors.Add(new("/conditions/weekdays", "These must be 1 for Monday to 7 for Sunday."));
        if ((conditions.FromTime is null) != (conditions.UntilTime is null))
            errors.Add(new("/conditions/untilTime", "Give both fromTime and untilTime, or neither."));
        Time(errors, "/conditions/fromTime", conditions.FromTime);
        Time(errors, "/conditions/untilTime", conditions.UntilTime);
        var needsZone = conditions.Weekdays is { Count: > 0 } || conditions.FromTime is not null;
        if (needsZone && (conditions.Zone is null || !TimeZoneInfo.TryFindSystemTimeZoneById(conditions.Zone, out _)))
            errors.Add(new("/conditions/zone", "Weekdays and times need an IANA zone such as Europe/London."));
    }

    private static void Time(List<FieldError> errors, string at, string? time)
    {
        if (time is not null && !TimeOnly.TryParseExact(time, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
            errors.Add(new(at, "This must be a time such as 09:00."));
    }

    private static void Listed(List<FieldError> errors, string at, IReadOnlyList<string>? values)
    {
        if (values is not null && (values.Count > ListedMax || values.Any(value => value is not { Length: >= 1 and <= TextCharsMax })))
            errors.Add(new(at, $"At most {ListedMax} codes of 1 to {TextCharsMax} characters each."));
    }
}
