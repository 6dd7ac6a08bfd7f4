namespace Patron.Loyalty;

/// <summary>
/// One version of the rules, as <see cref="ProgrammeReader"/> read it. Points are rounded once per purchase, not per line, so that many small
/// lines are worth as much as one large one; the lines then share them so that they add up.
/// </summary>
/// <param name="Version">Grows with every change; kept with what was decided by it.</param>
/// <param name="Zone">IANA name of the zone of days, weekdays, hours and months, and in which points expire.</param>
/// <param name="CutOff">The time of day, in that zone, at which points expire and tiers are reviewed.</param>
/// <param name="EarnRates">What earns. A purchase in another currency earns nothing; without any the programme is one of tiers only.</param>
/// <param name="ExpiryMonths">Points are good for the day of the purchase and this many months more.</param>
/// <param name="TierCurrency">Only spend in this currency counts for tiers.</param>
/// <param name="TierWindowMonths">What was done in the current month and this many before it counts.</param>
/// <param name="TierReviewMonths">How long a tier is held before it is reviewed.</param>
/// <param name="Tiers">Ascending; the first is everybody's.</param>
internal sealed record Programme(
    int Version, string Zone, TimeOnly CutOff, IReadOnlyList<EarnRate> EarnRates, int ExpiryMonths, string TierCurrency, int TierWindowMonths,
    int TierReviewMonths, IReadOnlyList<TierRule> Tiers)
{
    public Rounding Rounding { get; init; }

    public Stacking Stacking { get; init; }

    /// <summary>In the order of the document, in which they are applied.</summary>
    public IReadOnlyList<EarnRule> Rules { get; init; } = [];

    /// <summary>Goods that earn nothing. They count as spend for tiers.</summary>
    public GoodsFilter Exclusions { get; init; } = GoodsFilter.None;

    /// <summary>The most that a purchase, and a member in a day or month, earns by everything together.</summary>
    public PointCaps Caps { get; init; } = PointCaps.None;

    public TierScheme TierScheme { get; init; }

    /// <summary>How long a member who fails a review keeps the tier and can still reach it; 0 for not at all.</summary>
    public int TierGraceDays { get; init; }

    /// <summary>From how many days before its review a tier that would be lost is shown as at risk.</summary>
    public int TierReminderDays { get; init; }

    /// <summary>How many days before they expire points are told of; 0 for not at all.</summary>
    public int ExpiryWarningDays { get; init; }

    /// <summary>What a member is given on a birthday; 0 for nothing. A tier may give something else.</summary>
    public long BirthdayPoints { get; init; }

    public IReadOnlyList<Benefit> Benefits { get; init; } = [];

    /// <summary>Points are pending for the day of the purchase and this many days more; 0 for not at all.</summary>
    public int ReturnWindowDays { get; init; }

    /// <summary>Redeemed points that come back after their expiry are good for this many days more; with 0 they expire at once.</summary>
    public int RefundGraceDays { get; init; }

    /// <summary>Reads and checks the document of a file; the one inside the assembly without a path.</summary>
    /// <exception cref="InvalidDataException">It is not a programme; every fault is named.</exception>
    public static Programme Load(string? path) => ProgrammeReader.Read(TextOf(path));

    /// <summary>The text of the same document.</summary>
    public static string TextOf(string? path)
    {
        if (path is not null)
            return File.ReadAllText(path);
        using var inside = new StreamReader(typeof(Programme).Assembly.GetManifestResourceStream("programme.json")!);
        return inside.ReadToEnd();
    }

    /// <summary>What makes points of a currency; null where it earns nothing.</summary>
    public EarnRate? RateOf(string currency)
    {
        foreach (var rate in EarnRates)
        {
            if (rate.Currency == currency)
                return rate;
        }

        return null;
    }

    public int MonthOf(DateTimeOffset instant) => DayOf(instant) / 100;

    /// <summary>The day of an instant, as yyyymmdd in the programme's zone.</summary>
    public int DayOf(DateTimeOffset instant)
    {
        var local = LocalTime(instant);
        return (local.Year * 10_000) + (local.Month * 100) + local.Day;
    }

    public DateTime LocalTime(DateTimeOffset instant) => TimeZoneInfo.ConvertTime(instant, TimeZone).DateTime;

    /// <summary>The first month of the tier window that ends at this instant, as yyyymm.</summary>
    public int WindowStart(DateTimeOffset instant)
    {
        var first = LocalTime(instant).Date.AddMonths(-TierWindowMonths);
        return (first.Year * 100) + first.Month;
    }

    public DateTimeOffset ExpiryOf(DateTimeOffset purchase) => CutOffAfter(LocalDay(purchase).AddMonths(ExpiryMonths));

    /// <summary>The cut-off at which the return window closes; null where it has closed already, or there is none.</summary>
    public DateTimeOffset? AvailableFrom(DateTimeOffset purchase, DateTimeOffset now) =>
        ReturnWindowDays > 0 && CutOffAfterDays(purchase, ReturnWindowDays) is var closes && closes > now ? closes : null;

    public DateTimeOffset ReviewAfter(DateTimeOffset change) => CutOffAfter(LocalDay(change).AddMonths(TierReviewMonths));

    public DateTimeOffset GraceAfter(DateTimeOffset review) => CutOffAfter(LocalDay(review).AddDays(TierGraceDays - 1));

    /// <summary>The highest tier that a member's standing reaches.</summary>
    public TierRule TierFor(TierStanding standing) => Tiers.LastOrDefault(tier => tier.IsReachedBy(standing, TierScheme), Tiers[0]);

    /// <summary>The next tier above, or null at the top.</summary>
    public TierRule? TierAbove(string tier) => Tiers.ElementAtOrDefault(Rank(tier) + 1);

    /// <summary>The rule of a tier; of the lowest, for a tier that this version of the programme does not have.</summary>
    public TierRule Rule(string tier) => Tiers[Rank(tier)];

    /// <summary>What a member of the tier is given on a birthday.</summary>
    public long BirthdayPointsOf(string tier) => Rule(tier).BirthdayPoints ?? BirthdayPoints;

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

    /// <summary>The first cut-off after the instant's local day and so many days more.</summary>
    public DateTimeOffset CutOffAfterDays(DateTimeOffset instant, int days) => CutOffAfter(LocalDay(instant).AddDays(days));

    private DateOnly LocalDay(DateTimeOffset instant) => DateOnly.FromDateTime(LocalTime(instant));

    /// <summary>The first cut-off after this day.</summary>
    private DateTimeOffset CutOffAfter(DateOnly day)
    {
        var local = day.AddDays(1).ToDateTime(CutOff);

        // In a skipped hour this is the offset before the change, in a repeated one the offset after it: never earlier than promised.
        return new DateTimeOffset(local, TimeZone.GetUtcOffset(local)).ToUniversalTime();
    }
}

/// <summary>How many minor units of a currency make one point, and what a purchase must come to for any.</summary>
internal readonly record struct EarnRate(string Currency, long MinorPerPoint, long MinimumMinor = 0);

/// <summary>What becomes of a part of a point, once per purchase.</summary>
internal enum Rounding
{
    Down,
    Nearest,
    Up,
}

/// <summary>How multipliers of several rules come together where they meet in one line. Bonus points always add up.</summary>
internal enum Stacking
{
    /// <summary>The highest of them counts.</summary>
    Best,

    /// <summary>What each has above 100 percent adds up.</summary>
    Add,

    /// <summary>Each multiplies what the one before gave.</summary>
    Multiply,
}
