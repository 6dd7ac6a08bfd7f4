namespace Patron.Profile;

/// <summary>What counts where two customers turn out to be one person and both have decided.</summary>
internal static class JoinConsents
{
    /// <summary>
    /// A withdrawal goes before everything, whichever of the two decided later; then what is in force, then what is to be confirmed. Of two alike
    /// the later decision counts. Whoever was asked to confirm still can, by their own link.
    /// </summary>
    public static ConsentOf Join(ConsentOf own, ConsentOf theirs)
    {
        var (rank, theirRank) = (RankOf(own.Status), RankOf(theirs.Status));
        var wins = rank != theirRank ? theirRank < rank : theirs.ChangedAt > own.ChangedAt;
        var counts = wins ? theirs : own;
        return counts with
        {
            // A grant of before that still arrives must not undo the withdrawal.
            ChangedAt = counts.Status == ConsentStatus.Withdrawn ? Later(own.ChangedAt, theirs.ChangedAt) : counts.ChangedAt,
            ExpiresAt = rank == theirRank && counts.Status == ConsentStatus.Pending ? Later(own.ExpiresAt!.Value, theirs.ExpiresAt!.Value) : counts.ExpiresAt,
            OptIns = Requests(own, theirs),
        };
    }

    /// <summary>All of one customer's after another's was joined to them.</summary>
    public static IReadOnlyList<ConsentOf> Into(IReadOnlyList<ConsentOf> consents, ConsentOf theirs) =>
        ConsentOf.Replace(consents, theirs.Channel, theirs.Purpose, own => own is null ? theirs : Join(own, theirs));

    private static IReadOnlyList<OptIn>? Requests(ConsentOf own, ConsentOf theirs) => (own.OptIns, theirs.OptIns) switch
    {
        (var one, null) => one,
        (null, var other) => other,
        var (one, other) => [.. one.UnionBy(other, o => o.Request).OrderBy(o => o.RequestedAt).TakeLast(ConsentOf.OptInsMax)],
    };

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private static int RankOf(ConsentStatus status) => status switch
    {
        ConsentStatus.Withdrawn => 1,
        ConsentStatus.Granted => 2,
        ConsentStatus.Pending => 3,
        ConsentStatus.Expired => 4,
        _ => throw new System.Diagnostics.UnreachableException($"{status} has no rank."),
    };
}
