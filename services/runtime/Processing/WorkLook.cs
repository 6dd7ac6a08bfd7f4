using Patron.Runtime.Hosting;

namespace Patron.Runtime.Processing;

/// <summary>One look at the work of every process, taken together.</summary>
internal static class WorkLook
{
    /// <summary>
    /// Why there is still something to do, as a sentence; null when all that was looked at is quiet. The processes are looked at one beside the
    /// other, so only two such looks with the same <see cref="Activity"/> mean that nothing is under way between them.
    /// </summary>
    public static string? WhyBusy(IReadOnlyList<WorkState> work, bool views)
    {
        if (work.FirstOrDefault(w => !(views ? w.CaughtUp : w.Idle)) is { } busy)
            return $"{busy.Service} has work at hand";
        var ends = HighestOf(work.Select(w => w.Ends));
        return work.GroupBy(w => w.Service).Select(instances => WhyBusy(instances.Key, [.. instances], ends)).FirstOrDefault(why => why is not null);
    }

    public static long Activity(IReadOnlyList<WorkState> work) => work.Sum(w => w.Activity);

    /// <summary>The earliest timer of all services after this time; null when there is none.</summary>
    public static DateTimeOffset? NextDue(IReadOnlyList<WorkState> work, DateTimeOffset after) =>
        work.Select(w => w.NextDue).Where(due => due > after).Min();

    private static string? WhyBusy(string service, List<WorkState> instances, Dictionary<string, long[]> ends)
    {
        var published = Highest(instances.Select(i => i.Published));
        var committed = Highest(instances.Select(i => i.Committed));
        for (var partition = 0; partition < published.Length; partition++)
        {
            if (published[partition] < 0)
                return $"partition {partition} of {service} is on its way to another instance";
            if (published[partition] < committed[partition])
                return $"{service} has not published position {committed[partition]} of partition {partition}";
        }

        foreach (var (topic, places) in HighestOf(instances.Select(i => i.Places)))
        {
            for (var partition = 0; partition < places.Length; partition++)
            {
                if (places[partition] < ends[topic][partition])
                    return $"{service} has read {topic}[{partition}] to {places[partition]} of {ends[topic][partition]}";
            }
        }

        return null;
    }

    private static Dictionary<string, long[]> HighestOf(IEnumerable<IReadOnlyDictionary<string, IReadOnlyList<long>>> tables) =>
        tables.SelectMany(t => t).GroupBy(t => t.Key).ToDictionary(g => g.Key, g => Highest(g.Select(t => t.Value)));

    private static long[] Highest(IEnumerable<IReadOnlyList<long>> rows) =>
        rows.Aggregate<IReadOnlyList<long>, long[]>([], (highest, row) =>
            [.. row.Select((value, i) => i < highest.Length ? Math.Max(highest[i], value) : value)]);
}
