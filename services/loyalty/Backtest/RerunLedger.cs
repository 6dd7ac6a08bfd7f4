using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>One ledger of a rerun, and what it came to within the period.</summary>
internal sealed class RerunLedger(Guid customer)
{
    public Guid Customer => customer;

    public Ledger State { get; private set; } = new();

    public RerunFlows Flows { get; } = new();

    public RerunBooking Booking { get; set; } = RerunBooking.None;

    /// <summary>When the earliest of the ledger's timers is due; null when none is set.</summary>
    public DateTimeOffset? NextDue => new[] { State.NextExpiry, State.NextRelease, State.ReviewAt }.Min();

    public void Book(DomainEvent happened, bool counts)
    {
        State = Ledger.Evolve(State, happened);
        if (counts)
            Flows.Count(happened);
    }
}

/// <summary>What belongs to one decision in the stored events: a document with its returns, or a merge with the claims that it led to.</summary>
internal sealed record RerunBooking(DateTimeOffset Time, PurchaseId? Document, bool IsMerge, bool IsOpen, bool RaisesTier)
{
    public static RerunBooking None { get; } = new(default, null, false, false, false);

    /// <summary>The event was decided together with those before it.</summary>
    public bool Goes(RecordedEvent recorded) => IsOpen && recorded.Time == Time && recorded.Event switch
    {
        PointsEarned => Document is null && !IsMerge,
        PointsReversed { Claimed: true } claimed => IsMerge || claimed.Lines.All(line => line.Purchase == Document),
        PointsReversed reversed => Fits(reversed.Return),
        ReturnUnmatched open => Fits(open.Return),
        _ => false,
    };

    public RerunBooking With(RecordedEvent recorded) => recorded.Event switch
    {
        MemberEnrolled => new(recorded.Time, null, false, true, false),
        PointsEarned earned => new(recorded.Time, earned.Purchase, false, true, true),
        PointsReversed { Claimed: true } => this with { RaisesTier = true },
        PointsReversed reversed => new(recorded.Time, reversed.Return, false, true, true),
        ReturnUnmatched open => new(recorded.Time, open.Return, false, true, true),
        LedgerAbsorbed => new(recorded.Time, null, true, true, true),
        _ => None,
    };

    private bool Fits(PurchaseId document) => !IsMerge && (Document is null || Document == document);
}

/// <summary>Movements of points and tiers within a period.</summary>
internal sealed record RerunFlows
{
    public long Issued { get; set; }

    /// <summary>For other reasons than purchases: partners', referrals', goodwill.</summary>
    public long Granted { get; set; }

    public long Reversed { get; set; }

    public long Expired { get; set; }

    /// <summary>Less what was given back.</summary>
    public long Redeemed { get; set; }

    /// <summary>Points that were redeemed in truth and that the rerun had no points for.</summary>
    public long NotRedeemable { get; set; }

    /// <summary>Points that caps took away.</summary>
    public long Cut { get; set; }

    public long Upgrades { get; set; }

    public long Downgrades { get; set; }

    /// <summary>What each rule gave beyond rate and tier; it is in <see cref="Issued"/>.</summary>
    public Dictionary<string, long> ByRule { get; init; } = [];

    public void Count(DomainEvent happened)
    {
        switch (happened)
        {
            case PointsEarned earned:
                Issued += earned.Points;
                Cut += earned.Cut ?? 0;
                foreach (var rule in earned.Given ?? [])
                    ByRule[rule.Rule] = ByRule.GetValueOrDefault(rule.Rule) + rule.Points;
                break;
            case PointsReversed reversed:
                Reversed += reversed.Points;
                break;
            case PointsExpired expired:
                Expired += expired.Points;
                break;
            case PointsRedeemed redeemed:
                Redeemed += redeemed.Points;
                break;
            case PointsRefunded refunded:
                Redeemed -= refunded.Points;
                break;
            case PointsGranted granted:
                Granted += granted.Points;
                break;
            case TierChanged changed:
                Upgrades += changed.Upgrade ? 1 : 0;
                Downgrades += changed.Upgrade ? 0 : 1;
                break;
        }
    }

    public void Add(RerunFlows other)
    {
        Issued += other.Issued;
        Granted += other.Granted;
        Reversed += other.Reversed;
        Expired += other.Expired;
        Redeemed += other.Redeemed;
        NotRedeemable += other.NotRedeemable;
        Cut += other.Cut;
        Upgrades += other.Upgrades;
        Downgrades += other.Downgrades;
        foreach (var (rule, points) in other.ByRule)
            ByRule[rule] = ByRule.GetValueOrDefault(rule) + points;
    }
}
