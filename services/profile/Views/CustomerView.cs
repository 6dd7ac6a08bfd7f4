using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>
/// Everything that is known of a customer, cut to what the role of who asks may see (<see cref="Visibility"/>). Null details: the key was
/// destroyed, nobody can read them. A member that is absent is hidden from the role, or nothing tells it.
/// </summary>
/// <param name="Id">Of a merged customer the id that remains, whichever was asked for.</param>
/// <param name="Identifiers">How many identifiers they are known by.</param>
internal sealed record CustomerView(Guid Id, MaskedDetails? Details, IReadOnlyList<ConsentView>? Consents, int? Identifiers)
{
    /// <summary>The other ids of the same person, which were merged into this one; absent where there are none.</summary>
    public IReadOnlyList<Guid>? Aliases { get; init; }

    public LoyaltyView? Loyalty { get; init; }

    public IReadOnlyList<TagHeld>? Tags { get; init; }

    public IReadOnlyList<SegmentHeld>? Segments { get; init; }

    public Insight? Insight { get; init; }

    public PurchasesView? Purchases { get; init; }

    public BehaviourSummary? Behaviour { get; init; }

    public IReadOnlyList<JourneyView>? Journeys { get; init; }

    public MessageSummary? Messages { get; init; }

    /// <summary>Such as sizes, by name.</summary>
    public IReadOnlyDictionary<string, string>? Preferences { get; init; }

    public IReadOnlyList<Offer>? Offers { get; init; }

    public NextBestAction? NextBestAction { get; init; }

    /// <summary>The moment that was asked for; absent for now.</summary>
    public DateTimeOffset? AsOf { get; init; }

    /// <summary>
    /// Topic to position: the facts of the customer's partition that are shown, or, of a moment of the past, the customer's last one then.
    /// Absent while the view is built for the first time and only profile's own part is answered.
    /// </summary>
    public IReadOnlyDictionary<string, long>? Freshness { get; init; }
}

/// <param name="Balance">Points.</param>
/// <param name="ExpiringSoon">What will be gone within <see cref="ViewOf.SoonDays"/> days, the earliest first.</param>
internal sealed record LoyaltyView(
    long Balance, string? Tier, DateTimeOffset? TierSince, string? TierReason, IReadOnlyList<PointLot> ExpiringSoon)
{
    /// <summary>Those that can be used at the moment that is shown.</summary>
    public IReadOnlyList<CouponHeld> Coupons { get; init; } = [];
}

/// <param name="Count">Documents with goods sold; those that only bring goods back are <paramref name="Returns"/>.</param>
/// <param name="Spend">By channel and currency, everything that was paid less what was paid back, in minor units.</param>
/// <param name="Latest">Newest first.</param>
internal sealed record PurchasesView(
    long Count, long Returns, DateTimeOffset? First, DateTimeOffset? Last, IReadOnlyList<SpendIn> Spend, IReadOnlyList<PurchaseView> Latest);

/// <param name="LineCount">Of the whole document; <paramref name="Lines"/> are its first ones.</param>
internal sealed record PurchaseView(
    Guid Id, DateTimeOffset At, string Channel, string Store, string Currency, long TotalMinor, int LineCount, IReadOnlyList<LineView> Lines);

/// <param name="Kind">sale, return, fee or adjustment.</param>
internal sealed record LineView(string Product, string Kind, int Quantity, long AmountMinor);

/// <param name="Step">Where they are; null before the first step.</param>
/// <param name="At">Business time of the last step.</param>
internal sealed record JourneyView(Guid Instance, string Journey, DateTimeOffset Since, string? Step, string Why, DateTimeOffset At);

/// <summary>A person's details, in clear or masked.</summary>
internal sealed record MaskedDetails(
    string? GivenName, string? FamilyName, string? Email, string? Phone, string? Language, string? TimeZone, string? Country)
{
    /// <summary>Masked as people see them by default.</summary>
    public static MaskedDetails Of(SealedDetails details, CustomerKey key)
    {
        var opened = Opened(details, key);
        return opened with
        {
            GivenName = Mask.Name(opened.GivenName),
            FamilyName = Mask.Name(opened.FamilyName),
            Email = Mask.Email(opened.Email),
            Phone = Mask.Phone(opened.Phone),
        };
    }

    /// <summary>In clear.</summary>
    public static MaskedDetails Opened(SealedDetails details, CustomerKey key)
    {
        return new MaskedDetails(
            Open(details.GivenName, SealedFields.GivenName), Open(details.FamilyName, SealedFields.FamilyName), Open(details.Email, SealedFields.Email),
            Open(details.Phone, SealedFields.Phone), Open(details.Language, SealedFields.Language), Open(details.TimeZone, SealedFields.TimeZone),
            Open(details.Country, SealedFields.Country));

        string? Open(string? sealedText, string field) => sealedText is null ? null : key.Unseal(sealedText, field);
    }
}

internal sealed record ConsentView(string Channel, string Purpose, bool Granted, string Wording, DateTimeOffset ChangedAt, long Version)
{
    public static IReadOnlyList<ConsentView> Of(CustomerProfile customer) =>
        [.. customer.Consents.Select(c => new ConsentView(c.Channel, c.Purpose, c.Granted, c.Wording, c.ChangedAt, c.Version))];
}

/// <summary>Enough to recognise, not enough to use.</summary>
internal static class Mask
{
    private const string Hidden = "***";

    /// <summary>The first character, as a reader counts them.</summary>
    public static string? Name(string? name) => name is null ? null : FirstOf(name) + Hidden;

    public static string? Email(string? email)
    {
        if (email is null)
            return null;
        var at = email.LastIndexOf('@');
        var dot = email.LastIndexOf('.');
        return $"{FirstOf(email[..at])}{Hidden}@{FirstOf(email[(at + 1)..dot])}{Hidden}{email[dot..]}";
    }

    /// <summary>The country's part and the last two digits.</summary>
    public static string? Phone(string? phone) => phone is null ? null : $"{phone[..3]}{Hidden}{phone[^2..]}";

    private static string FirstOf(string text) => text[..System.Globalization.StringInfo.GetNextTextElementLength(text)];
}
