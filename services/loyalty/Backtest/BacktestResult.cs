namespace Patron.Loyalty;

/// <summary>What the stored history comes to, under the programme as it was and under a changed one, through the same engine.</summary>
/// <param name="Members">Ledgers that were looked at.</param>
/// <param name="TierMoves">Where members stand at the end of the period: under the programme as it was, and under the changed one.</param>
/// <param name="ByTier">By the tier at the end of the period under the programme as it was.</param>
/// <param name="BySegment">By the segments that members are in now; a member may be in several.</param>
/// <param name="SegmentsKnown">False where the view of segments was still being built, so that <paramref name="BySegment"/> is empty.</param>
internal sealed record BacktestResult(
    long Members, BacktestFigures AsItWas, BacktestFigures Changed, IReadOnlyList<TierMove> TierMoves, IReadOnlyList<BacktestGroup> ByTier,
    IReadOnlyList<BacktestGroup> BySegment, bool SegmentsKnown);

/// <param name="Issued">The cost: points that purchases of the period earned.</param>
/// <param name="Granted">Points for other reasons, which a programme does not change.</param>
/// <param name="Liability">Points that members hold at the end of the period.</param>
/// <param name="Owed">Points that members owe then.</param>
/// <param name="NotRedeemable">Points that were redeemed in truth and that members would not have had.</param>
/// <param name="Cut">Points that caps took away.</param>
/// <param name="ByRule">What each rule gave, in <paramref name="Issued"/>.</param>
internal sealed record BacktestFigures(
    long Issued, long Granted, long Reversed, long Expired, long Redeemed, long Liability, long Owed, long NotRedeemable, long Cut,
    long Upgrades, long Downgrades, IReadOnlyList<RulePoints> ByRule, IReadOnlyList<TierMembers> Tiers);

internal sealed record TierMembers(string Tier, long Members);

internal sealed record TierMove(string AsItWas, string Changed, long Members);

/// <summary>Members who have something in common, with what they earn and hold under both.</summary>
internal sealed record BacktestGroup(string Name, long Members, long IssuedAsItWas, long IssuedChanged, long LiabilityAsItWas, long LiabilityChanged);

/// <summary>The sums of a backtest as far as it has come. Kept between pages, so that another instance can go on.</summary>
internal sealed record BacktestTally
{
    public long Members { get; set; }

    public RerunFlows AsItWas { get; init; } = new();

    public RerunFlows Changed { get; init; } = new();

    public long LiabilityAsItWas { get; set; }

    public long LiabilityChanged { get; set; }

    public long OwedAsItWas { get; set; }

    public long OwedChanged { get; set; }

    /// <summary>By tier as it was and tier under the change, with a line break between.</summary>
    public Dictionary<string, long> Moves { get; init; } = [];

    public Dictionary<string, BacktestGroup> Tiers { get; init; } = [];

    public Dictionary<string, BacktestGroup> Segments { get; init; } = [];

    public bool SegmentsKnown { get; set; } = true;

    /// <summary>Adds a customer's ledger under both; null where there is none.</summary>
    public void Add(RerunLedger? asItWas, RerunLedger? changed, IReadOnlyList<string> segments)
    {
        if (asItWas is not null)
            AsItWas.Add(asItWas.Flows);
        if (changed is not null)
            Changed.Add(changed.Flows);
        var (before, after) = (asItWas?.State ?? new Ledger(), changed?.State ?? new Ledger());
        LiabilityAsItWas += before.Balance;
        LiabilityChanged += after.Balance;
        OwedAsItWas += before.Clawback;
        OwedChanged += after.Clawback;
        if ((before.Tier ?? after.Tier) is null)
            return;
        Members++;
        var (from, to) = (before.Tier ?? after.Tier!, after.Tier ?? before.Tier!);
        Moves[$"{from}\n{to}"] = Moves.GetValueOrDefault($"{from}\n{to}") + 1;
        var one = new BacktestGroup(from, 1, asItWas?.Flows.Issued ?? 0, changed?.Flows.Issued ?? 0, before.Balance, after.Balance);
        Add(Tiers, one);
        foreach (var segment in segments)
            Add(Segments, one with { Name = segment });
    }

    public BacktestResult Result()
    {
        var moves = Moves.Select(move => (Tiers: move.Key.Split('\n'), Members: move.Value)).OrderBy(move => move.Tiers[0], StringComparer.Ordinal)
            .ThenBy(move => move.Tiers[1], StringComparer.Ordinal).Select(move => new TierMove(move.Tiers[0], move.Tiers[1], move.Members)).ToList();
        return new(
            Members, Figures(AsItWas, LiabilityAsItWas, OwedAsItWas, moves.GroupBy(move => move.AsItWas)),
            Figures(Changed, LiabilityChanged, OwedChanged, moves.GroupBy(move => move.Changed)), moves, Sorted(Tiers), Sorted(Segments),
            SegmentsKnown);
    }

    private static BacktestFigures Figures(RerunFlows flows, long liability, long owed, IEnumerable<IGrouping<string, TierMove>> tiers) => new(
        flows.Issued, flows.Granted, flows.Reversed, flows.Expired, flows.Redeemed, liability, owed, flows.NotRedeemable, flows.Cut,
        flows.Upgrades, flows.Downgrades,
        [.. flows.ByRule.OrderBy(rule => rule.Key, StringComparer.Ordinal).Select(rule => new RulePoints(rule.Key, rule.Value))],
        [.. tiers.OrderBy(tier => tier.Key, StringComparer.Ordinal).Select(tier => new TierMembers(tier.Key, tier.Sum(move => move.Members)))]);

    private static BacktestGroup[] Sorted(Dictionary<string, BacktestGroup> groups) => [.. groups.Values.OrderBy(group => group.Name, StringComparer.Ordinal)];

    private static void Add(Dictionary<string, BacktestGroup> groups, BacktestGroup one) => groups[one.Name] = groups.TryGetValue(one.Name, out var known)
        ? new(
            one.Name, known.Members + one.Members, known.IssuedAsItWas + one.IssuedAsItWas, known.IssuedChanged + one.IssuedChanged,
            known.LiabilityAsItWas + one.LiabilityAsItWas, known.LiabilityChanged + one.LiabilityChanged)
        : one;
}
