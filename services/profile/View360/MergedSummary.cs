namespace Patron.Profile;

/// <summary>
/// The ids that are one customer now, read together. What profile keeps by origin (purchases, behaviour) and what happened to either
/// (messages, journeys) is added up; what another context holds for the customer (points, tier, tags, segments) is what it says of the
/// remaining id, to which it moves what the other one had.
/// </summary>
internal static class MergedSummary
{
    public static CustomerSummary Of(CustomerSummary root, IReadOnlyList<CustomerSummary> absorbed)
    {
        if (absorbed.Count == 0)
            return root;
        IReadOnlyList<CustomerSummary> all = [root, .. absorbed];
        var ended = all.SelectMany(s => s.EndedElsewhere).ToHashSet();
        return root with
        {
            Purchases = Together([.. all.Select(s => s.Purchases)]),
            Behaviour = Together([.. all.Select(s => s.Behaviour)]),
            Messages = Together([.. all.Select(s => s.Messages)]),
            Journeys =
            [
                .. all.SelectMany(s => s.Journeys).Where(j => !ended.Contains(j.Instance)).GroupBy(j => j.Instance)
                    .Select(known => known.MaxBy(j => j.At)! with { Since = known.Min(j => j.Since) }),
            ],
        };
    }

    private static PurchaseSummary Together(List<PurchaseSummary> all) => new(
        all.Sum(p => p.Count),
        all.Sum(p => p.Returns),
        all.Min(p => p.First),
        all.Max(p => p.Last),
        [
            .. all.SelectMany(p => p.Spend).GroupBy(s => (s.Channel, s.Currency))
                .Select(of => new SpendIn(of.Key.Channel, of.Key.Currency, of.Sum(s => s.Documents), of.Sum(s => s.Minor)))
                .OrderBy(s => s.Channel, StringComparer.Ordinal).ThenBy(s => s.Currency, StringComparer.Ordinal),
        ],
        SummaryFold.Newest(all.SelectMany(p => p.Latest)));

    private static BehaviourSummary Together(List<BehaviourSummary> all) => all.MaxBy(b => b.Last)! with { Count = all.Sum(b => b.Count) };

    private static MessageSummary Together(List<MessageSummary> all) => new(
        all.Sum(m => m.Sent), all.Sum(m => m.Suppressed), all.Sum(m => m.Failed), all.Sum(m => m.Uncertain),
        SummaryFold.Newest(all.SelectMany(m => m.Latest)));
}
