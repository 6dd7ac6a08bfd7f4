using System.Diagnostics;
using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>Where points can be. What a member holds is above zero in a member's account; what was issued is below zero, as are debts.</summary>
internal static class Accounts
{
    public const string Available = "member-available";
    public const string Pending = "member-pending";
    public const string Held = "member-held";
    public const string Clawback = "clawback";
    public const string Issued = "programme-issued";
    public const string Redeemed = "redeemed";
    public const string Expired = "expired";
    public const string Partner = "partner";

    /// <summary>Between ledgers of customers who are merged or parted: what leaves the one comes to the other, so that it is 0 over all.</summary>
    public const string Transfer = "transfer";

    public static IReadOnlyList<string> All { get; } = [Available, Pending, Held, Clawback, Issued, Redeemed, Expired, Partner, Transfer];
}

/// <summary>Points that come to an account, or leave it.</summary>
internal readonly record struct Entry(string Account, long Points);

/// <summary>What an event means in the books.</summary>
/// <param name="Reason">A code.</param>
/// <param name="At">Business time; null where that is when it was booked.</param>
/// <param name="Key">What it is booked once for: the document, redemption, hold, grant or link.</param>
/// <param name="Origin">Whose points, where not the ledger's own customer's.</param>
/// <param name="Entries">Sum zero; empty where no points move.</param>
internal sealed record Posting(string Reason, DateTimeOffset? At, Guid? Key, Guid? Origin, IReadOnlyList<Entry> Entries);

/// <summary>
/// Double entry. Every event of a ledger is a posting, derived from it and not stored a second time, so that books and ledger cannot differ.
/// </summary>
internal static class Journal
{
    public static Posting Of(DomainEvent happened) => happened switch
    {
        PointsEarned e => new("purchase", e.OccurredAt, e.Purchase.Value, e.Origin, Gained(Accounts.Issued, e.Points, e.Settled, e.AvailableAt is not null)),
        PointsGranted e => new(e.Reason, e.At, e.Grant.Value, e.Origin, Gained(Payer(e.Partner, Accounts.Issued), e.Points, e.Settled, isPending: false)),
        PointsReversed e => new("return", e.At, e.Return.Value, e.Origin, Lost(e.Lots, e.Clawback, Accounts.Issued)),
        PointsRedeemed { Hold: not null } e => new(
            e.Reason, e.At, e.Redemption.Value, null, Moved(Accounts.Held, Payer(e.Partner, Accounts.Redeemed), e.Points)),
        PointsRedeemed e => new(e.Reason, e.At, e.Redemption.Value, null, Lost(e.Lots, e.Clawback, Payer(e.Partner, Accounts.Redeemed))),
        PointsRefunded e => new(
            "refund", e.At, e.Refund.Value, null, Gained(Payer(e.Partner, Accounts.Redeemed), e.Points, e.Settled, isPending: false)),
        PointsExpired e => new("expiry", e.CutOff, null, null, Lost(e.Lots, 0, Accounts.Expired)),
        PointsReserved e => new("reserve", e.At, e.Hold.Value, null, Moved(Accounts.Available, Accounts.Held, e.Points)),
        HoldReleased e => new($"hold-{e.Why}", e.At, e.Hold.Value, null, Moved(Accounts.Held, Accounts.Available, e.Points)),
        PointsReleased e => new("return-window-closed", e.CutOff, null, null, Moved(Accounts.Pending, Accounts.Available, e.Points)),
        ClawbackSettled e => new("settlement", e.At, null, e.Origin, Lost(e.Lots, 0, Accounts.Clawback)),
        LedgerClosed e => new("merged-away", null, e.Link, null, HandedOver(e.Points, e.Pending, e.Held, e.Clawback, comes: false)),
        LedgerAbsorbed e => new(
            "absorbed", null, e.Link, e.Customer, HandedOver(e.Content.Points, e.Content.Pending, e.Content.Held, e.Content.Clawback, comes: true)),
        LedgerGivenBack e => new("given-back", null, e.Link, e.Customer, HandedOver(e.Points, e.Pending, e.Held, e.Clawback, comes: false)),
        LedgerReopened e => new(
            "reopened", null, e.Link, null, HandedOver(e.Content.Points, e.Content.Pending, e.Content.Held, e.Content.Clawback, comes: true)),

        // They move no points.
        MemberEnrolled e => new("enrolment", e.At, null, null, []),
        ReturnUnmatched e => new("return-unmatched", e.OccurredAt, e.Return.Value, e.Origin, []),
        TierChanged e => new("tier", e.At, null, null, []),
        TierKept e => new("tier", e.At, null, null, []),
        TierGraceGiven e => new("tier", e.At, null, null, []),
        HoldTimerSet => new("hold", null, null, null, []),
        _ => throw new UnreachableException($"Nobody has decided what {happened.GetType().Name} means in the books."),
    };

    private static string Payer(string? partner, string otherwise) => partner is null ? otherwise : Accounts.Partner;

    private static Entry[] Gained(string from, long points, long settled, bool isPending) =>
        Kept(new(from, -points), new(Accounts.Clawback, settled), new(isPending ? Accounts.Pending : Accounts.Available, points - settled));

    private static Entry[] Lost(IReadOnlyList<LotUse> uses, long owed, string to)
    {
        var pending = uses.Where(use => use.Pending).Sum(use => use.Points);
        var available = uses.Sum(use => use.Points) - pending;
        return Kept(new(Accounts.Available, -available), new(Accounts.Pending, -pending), new(Accounts.Clawback, -owed), new(to, available + pending + owed));
    }

    private static Entry[] Moved(string from, string to, long points) => Kept(new(from, -points), new(to, points));

    private static Entry[] HandedOver(long points, long pending, long held, long owed, bool comes)
    {
        var sign = comes ? 1 : -1;
        return Kept(
            new(Accounts.Available, sign * (points - pending - held)), new(Accounts.Pending, sign * pending), new(Accounts.Held, sign * held),
            new(Accounts.Clawback, -sign * owed), new(Accounts.Transfer, sign * (owed - points)));
    }

    private static Entry[] Kept(params Entry[] entries) => [.. entries.Where(entry => entry.Points != 0)];
}
