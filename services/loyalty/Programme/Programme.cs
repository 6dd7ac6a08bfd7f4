using System.Text.Json;

namespace Patron.Loyalty;

/// <summary>
/// The rules of the programme, as one versioned document. Points are rounded down once per purchase, not per line, so that many small
/// lines are worth as much as one large one; the lines then share them so that they add up.
/// </summary>
/// <param name="Version">Grows with every change; kept with what was decided by it.</param>
/// <param name="Zone">IANA name of the zone in which months begin and points expire.</param>
/// <param name="CutOff">The time of day, in that zone, at which points expire and tiers are reviewed.</param>
/// <param name="EarnRates">What earns. A purchase in another currency earns nothing.</param>
/// <param name="ExpiryMonths">Points are good for the day of the purchase and this many months more; 1 to 120.</param>
/// <param name="TierCurrency">Only spend in this currency counts for tiers.</param>
/// <param name="TierWindowMonths">Spend of the current month and this many before it counts; 1 to 24.</param>
/// <param name="TierReviewMonths">How long a tier is held before it is reviewed; 1 to 120.</param>
/// <param name="Tiers">Ascending; the first starts at 0.</param>
internal sealed record Programme(
    int Version, string Zone, TimeOnly CutOff, IReadOnlyList<EarnRate> EarnRates, int ExpiryMonths, string TierCurrency, int TierWindowMonths,
    int TierReviewMonths, IReadOnlyList<TierRule> Tiers)
{
    private const int MonthsMax = 120;

    /// <summary>Reads and checks a document; the one inside the assembly without a path.</summary>
    /// <exception cref="InvalidDataException">It is not a programme; every fault is named.</exception>
    public static Programme Load(string? path)
    {
        using var stream = path is null
            ? typeof(Programme).Assembly.GetManifestResourceStream("programme.json")!
            : File.OpenRead(path);
        Programme? programme;
        try
        {
            programme = JsonSerializer.Deserialize(stream, LoyaltyJson.Default.Programme);
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"The programme document is not valid JSON of a programme: {fault.Message}", fault);
        }

        var faults = programme is null ? ["it is null"] : programme.Faults().ToList();
        return faults.Count == 0 ? programme! : throw new InvalidDataException($"The programme document is wrong: {string.Join("; ", faults)}.");
    }

    /// <summary>What is wrong with the document, each with the field and the rule; empty when nothing is.</summary>
    public IEnumerable<string> Faults()
    {
        if (Version < 1)
            yield return "version must be at least 1";
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(Zone ?? "", out _))
            yield return $"zone '{Zone}' is not an IANA time zone of this machine";
        foreach (var (name, months, max) in new[]
                 {
                     ("expiryMonths", ExpiryMonths, MonthsMax), ("tierWindowMonths", TierWindowMonths, Ledger.SpendMonthsMax - 1),
                     ("tierReviewMonths", TierReviewMonths, MonthsMax),
                 })
        {
            if (months < 1 || months > max)
                yield return $"{name} must be 1 to {max}";
        }

        if (EarnRates is null || EarnRates.Count == 0 || EarnRates.Any(rate => rate.Currency is not { Length: 3 } || rate.MinorPerPoint < 1))
            yield return "earnRates needs at least one rate, each with an ISO 4217 currency and minorPerPoint of at least 1";
        if (TierCurrency is not { Length: 3 })
            yield return "tierCurrency must be an ISO 4217 code";
        if (Tiers is null || Tiers.Count == 0 || Tiers[0].FromMinor != 0)
            yield return "tiers must start with one whose fromMinor is 0";
        else if (Tiers.Zip(Tiers.Skip(1)).Any(pair => pair.First.FromMinor >= pair.Second.FromMinor))
            yield return "tiers must ascend by fromMinor";
        else if (Tiers.Any(tier => string.IsNullOrWhiteSpace(tier.Name) || tier.MultiplierPercent < 0))
            yield return "every tier needs a name and a multiplierPercent of at least 0";
        else if (Tiers.DistinctBy(tier => tier.Name).Count() < Tiers.Count)
            yield return "tier names must differ";
    }

    /// <summary>The points of an amount in a tier, rounded down; 0 for a currency without a rate.</summary>
    /// <exception cref="OverflowException">More points than a whole number of 64 bits holds.</exception>
    public long PointsFor(long amountMinor, string currency, string tier)
    {
        var rate = EarnRates.FirstOrDefault(known => known.Currency == currency);
        return rate.MinorPerPoint == 0 ? 0 : checked((long)((Int128)amountMinor * Rule(tier).MultiplierPercent / (100 * (Int128)rate.MinorPerPoint)));
    }

    public int MonthOf(DateTimeOffset instant)
    {
        var local = TimeZoneInfo.ConvertTime(instant, TimeZone);
        return (local.Year * 100) + local.Month;
    }

    /// <summary>The first month of the tier window that ends at this instant, as yyyymm.</summary>
    public int WindowStart(DateTimeOffset instant)
    {
        var first = TimeZoneInfo.ConvertTime(instant, TimeZone).Date.AddMonths(-TierWindowMonths);
        return (first.Year * 100) + first.Month;
    }

    public DateTimeOffset ExpiryOf(DateTimeOffset purchase) => CutOffAfter(purchase, ExpiryMonths);

    public DateTimeOffset ReviewAfter(DateTimeOffset change) => CutOffAfter(change, TierReviewMonths);

    /// <summary>The highest tier that this spend reaches.</summary>
    public TierRule TierFor(long spendMinor) => Tiers.Last(tier => tier.FromMinor <= spendMinor);

    /// <summary>The next tier above, or null at the top.</summary>
    public TierRule? TierAbove(string tier) => Tiers.ElementAtOrDefault(Rank(tier) + 1);

    /// <summary>The rule of a tier; of the lowest, for a tier that this version of the programme no longer has.</summary>
    public TierRule Rule(string tier) => Tiers[Rank(tier)];

    /// <summary>The place of a tier, from 0 for the lowest.</summary>
    public int Rank(string tier)
    {
        for (var rank = Tiers.Count - 1; rank > 0; rank--)
        {
            if (Tiers[rank].Name == tier)
                return rank;
        }

        return 0;
    }

    private TimeZoneInfo TimeZone => TimeZoneInfo.FindSystemTimeZoneById(Zone);

    /// <summary>The first cut-off after the last day of a period of whole months that starts on the instant's local day.</summary>
    private DateTimeOffset CutOffAfter(DateTimeOffset instant, int months)
    {
        var day = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(instant, TimeZone).DateTime).AddMonths(months).AddDays(1);
        var local = day.ToDateTime(CutOff);

        // In a skipped hour this is the offset before the change, in a repeated one the offset after it: never earlier than promised.
        return new DateTimeOffset(local, TimeZone.GetUtcOffset(local)).ToUniversalTime();
    }
}

/// <summary>How many minor units of a currency make one point.</summary>
internal readonly record struct EarnRate(string Currency, long MinorPerPoint);

/// <summary>A tier, the spend in the window from which it is held, and what its members' points are multiplied by.</summary>
internal sealed record TierRule(string Name, long FromMinor, int MultiplierPercent);
