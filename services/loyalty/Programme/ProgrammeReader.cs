using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Patron.Runtime.Hosting;

namespace Patron.Loyalty;

/// <summary>
/// Reads the document of a programme, which business people write by hand: unknown fields, wrong values and what contradicts itself are all
/// named at once, by JSON pointer, each with what is allowed. <c>programme.schema.json</c> says the same to editors.
/// </summary>
internal static partial class ProgrammeReader
{
    public const int BytesMax = 256 * 1024;
    public const int MonthsMax = 120;
    public const int RulesMax = 200;
    public const int TiersMax = 20;
    public const int BenefitsMax = 100;
    public const long PointsMax = 1_000_000_000;
    public const long MinorMax = 1_000_000_000_000;
    public const string CodeRule = "This must be a code of 1 to 40 lower-case letters, digits and hyphens, such as double-shoes.";

    private const int PercentMax = 10_000;
    private const string CurrencyRule = "This must be an ISO 4217 code in capitals, such as GBP.";
    private static readonly string[] Languages = ["en", "zh-Hans", "zh-Hant"];
    private static readonly Dictionary<string, Rounding> Roundings =
        new() { ["down"] = Rounding.Down, ["nearest"] = Rounding.Nearest, ["up"] = Rounding.Up };

    private static readonly Dictionary<string, Stacking> Stackings =
        new() { ["best"] = Stacking.Best, ["add"] = Stacking.Add, ["multiply"] = Stacking.Multiply };

    private static readonly Dictionary<string, TierScheme> Schemes = new() { ["any"] = TierScheme.Any, ["all"] = TierScheme.All };

    /// <exception cref="InvalidDataException">It is not a programme; every fault is named.</exception>
    public static Programme Read(string text) => TryRead(text, out var faults)
        ?? throw new InvalidDataException($"The programme document is wrong: {string.Join("; ", faults.Select(Told))}.");

    /// <summary>The programme, or null and everything that is wrong with the document.</summary>
    public static Programme? TryRead(string text, out IReadOnlyList<FieldError> faults)
    {
        var found = new DocumentFaults();
        faults = found.Found;
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                found.Add("", "This must be an object in braces.");
                return null;
            }

            var root = new DocumentObject(document.RootElement, "", found);
            var programme = Programme(root);
            root.Done();
            ProgrammeRules.Check(programme, root);
            return found.Found.Count == 0 ? programme : null;
        }
        catch (JsonException wrong)
        {
            found.Add("", wrong.LineNumber is { } line
                ? string.Create(CultureInfo.InvariantCulture, $"This is not JSON (line {line + 1}, byte {wrong.BytePositionInLine + 1}): {wrong.Message}")
                : $"This is not JSON that can be taken: {wrong.Message}");
            return null;
        }
    }

    private static string Told(FieldError fault) => $"{(fault.Path.Length == 0 ? "document" : fault.Path)}: {fault.Detail.TrimEnd('.')}";

    public static bool IsCode(string text) => Code().IsMatch(text);

    private static Programme Programme(DocumentObject root)
    {
        root.Text("$schema", _ => true, "This must be the address of the schema.");
        return new(
            (int)root.NeededNumber("version", 1, int.MaxValue), Zone(root), CutOff(root),
            root.NestedList("earnRates", 50, EarnRate), (int)root.NeededNumber("expiryMonths", 1, MonthsMax),
            root.NeededText("tierCurrency", IsCurrency, CurrencyRule),
            (int)root.NeededNumber("tierWindowMonths", 1, Ledger.SpendMonthsMax - 1), (int)root.NeededNumber("tierReviewMonths", 1, MonthsMax),
            root.NestedList("tiers", TiersMax, Tier))
        {
            Rounding = root.Choice("rounding", Roundings, Rounding.Down),
            Stacking = root.Choice("stacking", Stackings, Stacking.Best),
            Rules = root.NestedList("rules", RulesMax, Rule),
            Exclusions = root.Nested("exclusions", Goods) ?? GoodsFilter.None,
            Caps = root.Nested("caps", Caps) ?? PointCaps.None,
            TierScheme = root.Choice("tierScheme", Schemes, TierScheme.Any),
            TierGraceDays = (int)root.Number("tierGraceDays", 0, 366, 0),
            TierReminderDays = (int)root.Number("tierReminderDays", 0, 366, 0),
            ExpiryWarningDays = (int)root.Number("expiryWarningDays", 0, 366, 0),
            BirthdayPoints = root.Number("birthdayPoints", 0, PointsMax, 0),
            ReturnWindowDays = (int)root.Number("returnWindowDays", 0, 366, 0),
            RefundGraceDays = (int)root.Number("refundGraceDays", 0, 366, 0),
            Benefits = root.NestedList("benefits", BenefitsMax, benefit => new Benefit(benefit.NeededText("code", IsCode, CodeRule), Names(benefit))),
        };
    }

    private static string Zone(DocumentObject root)
    {
        var zone = root.NeededText(
            "zone", text => text.Length is > 0 and < 100 && TimeZoneInfo.TryFindSystemTimeZoneById(text, out _),
            "This must be an IANA time zone of this machine, such as Europe/London.");
        return zone.Length == 0 ? "UTC" : zone;
    }

    private static TimeOnly CutOff(DocumentObject root) =>
        Time(root.NeededText("cutOff", text => IsTime(text), "This must be a time of day such as 00:00 or 03:30.")) ?? default;

    private static EarnRate EarnRate(DocumentObject rate) => new(
        rate.NeededText("currency", IsCurrency, CurrencyRule), rate.NeededNumber("minorPerPoint", 1, MinorMax), rate.Number("minimumMinor", 0, MinorMax, 0));

    private static TierRule Tier(DocumentObject tier) => new(
        tier.NeededText("name", IsCode, CodeRule), tier.Number("fromMinor", 0, MinorMax), (int)tier.Number("multiplierPercent", 0, PercentMax, 100))
    {
        FromPoints = tier.Number("fromPoints", 0, PointsMax),
        FromVisits = tier.Number("fromVisits", 0, PointsMax),
        BirthdayPoints = tier.Number("birthdayPoints", 0, PointsMax),
        Names = Names(tier),
        Benefits = tier.Texts("benefits", BenefitsMax, IsCode, CodeRule),
    };

    private static EarnRule Rule(DocumentObject rule)
    {
        string[] gifts = ["multiplierPercent", "bonusPoints", "bonusPointsPerPiece"];
        if (gifts.Count(rule.Has) != 1)
            rule.Fault(gifts.FirstOrDefault(rule.Has) ?? gifts[0], $"A rule gives exactly one of {string.Join(", ", gifts)}: make two rules of two.");
        return new(
            rule.NeededText("id", IsCode, CodeRule), Names(rule), rule.Nested("when", When) ?? EarnCondition.Always,
            (int)rule.Number(gifts[0], 101, PercentMax, 0), rule.Number(gifts[1], 1, PointsMax, 0), rule.Number(gifts[2], 1, PointsMax, 0),
            rule.Nested("caps", Caps) ?? PointCaps.None);
    }

    private static EarnCondition When(DocumentObject when)
    {
        const string DayRule = "This must be a day such as 2026-12-24.";
        var condition = new EarnCondition(
            Goods(when), when.Nested("except", Goods) ?? GoodsFilter.None,
            when.Texts("channels", 10, text => text is "pos" or "eshop", "This must be pos or eshop."),
            when.Texts("stores", 1_000, IsName, NameRule), [.. when.Texts("weekdays", 7, text => Weekday(text) is not null,
                "This must be a day of the week such as saturday.").Select(text => Weekday(text)!.Value)],
            when.Nested("hours", Hours), when.Texts("tiers", TiersMax, IsCode, CodeRule),
            Day(when.Text("from", text => Day(text) is not null, DayRule)), Day(when.Text("until", text => Day(text) is not null, DayRule)),
            when.Text("currency", IsCurrency, CurrencyRule), when.Number("minimumSpendMinor", 0, MinorMax, 0));
        if (condition.Until < condition.From)
            when.Fault("until", "The last day comes before the first one (from): a rule that never applies.");
        return condition;
    }

    private static GoodsFilter Goods(DocumentObject goods) => new(
        goods.Texts("products", 5_000, IsName, NameRule),
        goods.Texts("categories", 500, text => IsName(text) && !text.EndsWith('/'), "This must be a path of codes from the widest, such as women/shoes."),
        goods.Texts("brands", 500, IsName, NameRule));

    private static HoursOfDay Hours(DocumentObject hours)
    {
        const string TimeRule = "This must be a time of day such as 09:30.";
        var (from, to) = (Time(hours.NeededText("from", IsTime, TimeRule)), Time(hours.NeededText("to", IsTime, TimeRule)));
        if (from == to && from is not null)
            hours.Fault("to", "This is the time at which the hours begin: leave hours out for the whole day.");
        return new(from ?? default, to ?? default);
    }

    private static PointCaps Caps(DocumentObject caps) =>
        new(caps.Number("perPurchase", 1, PointsMax), caps.Number("perDay", 1, PointsMax), caps.Number("perMonth", 1, PointsMax));

    private static Dictionary<string, string> Names(DocumentObject named) => named.Nested("names", names => Languages
        .Select(language => (language, Text: names.Text(language, text => text.Length is > 0 and <= 200, "This must be a text of 1 to 200 characters.")))
        .Where(name => name.Text is not null).ToDictionary(name => name.language, name => name.Text!)) ?? [];

    private const string NameRule = "This must be a text of 1 to 100 characters.";

    private static bool IsName(string text) => text.Length is > 0 and <= 100;

    private static bool IsCurrency(string text) => text.Length == 3 && text.All(char.IsAsciiLetterUpper);

    private static bool IsTime(string text) => Time(text) is not null;

    private static TimeOnly? Time(string text) =>
        TimeOnly.TryParseExact(text, ["HH:mm", "HH:mm:ss"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;

    private static DateOnly? Day(string? text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;

    private static DayOfWeek? Weekday(string text) =>
        Enum.GetValues<DayOfWeek>().Where(day => day.ToString().Equals(text, StringComparison.OrdinalIgnoreCase)).Select(day => (DayOfWeek?)day)
            .FirstOrDefault();

    [GeneratedRegex(@"^[a-z0-9-]{1,40}\z")]
    private static partial Regex Code();
}
