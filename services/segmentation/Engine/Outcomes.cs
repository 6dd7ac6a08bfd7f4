namespace Patron.Segmentation;

/// <param name="Row">The customer's place in the columns.</param>
/// <param name="IsNew">False when the fact had been applied before.</param>
/// <param name="Touched">What it may have changed.</param>
internal readonly record struct FactOutcome(int Row, bool IsNew, Needs Touched);

/// <param name="Customers">How many were evaluated.</param>
/// <param name="Changed">Those whose memberships differ.</param>
internal sealed record ScanOutcome(DateTimeOffset EvaluatedAt, int Customers, IReadOnlyList<Guid> Changed)
{
    /// <summary>Those of them whose memberships differ because a rule changed.</summary>
    public IReadOnlySet<Guid> Redefined { get; init; } = new HashSet<Guid>();
}

/// <param name="Bytes">Of columns, index and memberships.</param>
/// <param name="LineBytes">Of sorted lines; <paramref name="DeltaBytes"/> of those that are not sorted in yet.</param>
internal readonly record struct Footprint(long Customers, long SortedLines, long Bytes, long LineBytes, long DeltaBytes, long BehaviourBytes);
