using System.Diagnostics;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Segmentation;

/// <summary>A segment with its size. <paramref name="Sentence"/> says the <paramref name="Rule"/> in words.</summary>
/// <param name="Tag">That it gives its customers, by its id in the taxonomy; null for none.</param>
/// <param name="Revision">Of the definition; 0 for one that ships.</param>
internal sealed record SegmentAnswer(string Name, string Title, string? Tag, long Revision, long Size, string Sentence, Clause Rule);

/// <summary>
/// A customer's segments. <paramref name="EvaluatedAt"/> and the reasons in <see cref="WhyAnswer"/> are null on an instance that does not
/// own the customer's partition.
/// </summary>
internal sealed record CustomerAnswer(Guid Customer, DateTimeOffset? EvaluatedAt, IReadOnlyList<WhyAnswer> Segments);

/// <summary>Whether and since when the customer is in, and what the rule says of them now, clause by clause.</summary>
internal sealed record WhyAnswer(string Segment, bool Member, DateTimeOffset? Since, ClauseAnswer? Why);

/// <summary>What people and other services ask about segments.</summary>
internal static class ReadSegments
{
    public static async Task<IReadOnlyList<SegmentAnswer>> SegmentsAsync(
        SegmentEngine engine, ServiceRuntime service, Phrases phrases, CancellationToken cancellation)
    {
        var sizes = (await Members.FlowsAsync(service.Database, cancellation)).ToDictionary(flow => flow.Segment, flow => flow.Members);
        return [.. engine.Catalog.Segments.Select(segment => new SegmentAnswer(
            segment.Name, segment.Title, segment.Tag, segment.Revision, sizes.GetValueOrDefault(segment.Name),
            engine.Explanation.Sentence(segment.Rule, phrases), segment.Rule))];
    }

    public static async Task<CustomerAnswer> CustomerAsync(
        SegmentEngine engine, ServiceRuntime service, Guid customer, CancellationToken cancellation)
    {
        customer = await service.RootAsync(customer, cancellation);
        var held = (await service.StateAsync(Memberships.Kind, customer, cancellation) ?? Memberships.None).Held
            .ToDictionary(segment => segment.Segment, segment => segment.Since);
        var partition = engine.Find(customer);
        var row = partition?.Read(customer);
        return new CustomerAnswer(customer, partition?.AsOf, [.. engine.Catalog.Segments.Select(segment => new WhyAnswer(
            segment.Name, held.ContainsKey(segment.Name), held.TryGetValue(segment.Name, out var since) ? since : null,
            row is null ? null : engine.Explanation.Why(segment.Rule, row)))]);
    }

    public static async Task<IReadOnlyList<TimelineEntry>> TimelineAsync(ServiceRuntime service, Guid customer, CancellationToken cancellation) =>
        [.. (await service.ReadCustomerAsync(customer, cancellation)).Select(Line).OfType<TimelineEntry>()];

    /// <summary>The size of each segment, then how often customers entered and left any, then what the columns of this instance take.</summary>
    public static async Task<IReadOnlyList<Figure>> FiguresAsync(SegmentEngine engine, ServiceRuntime service, CancellationToken cancellation)
    {
        var flows = (await Members.FlowsAsync(service.Database, cancellation)).ToDictionary(flow => flow.Segment);
        return
        [
            .. engine.Catalog.Segments.Select(segment => new Figure($"in segment {segment.Name}", flows.GetValueOrDefault(segment.Name)?.Members ?? 0)),
            new Figure("segment enters", flows.Values.Sum(flow => flow.Enters)),
            new Figure("segment leaves", flows.Values.Sum(flow => flow.Leaves)),
            .. Memory(engine.Footprints(service.OwnedPartitionNumbers)),
        ];
    }

    /// <summary>
    /// Bytes per customer are of columns, index and memberships; the lines of purchases are told apart, and so are those that are not sorted
    /// in yet.
    /// </summary>
    private static IEnumerable<Figure> Memory(IReadOnlyList<Footprint> footprints)
    {
        var (customers, lines) = (footprints.Sum(of => of.Customers), footprints.Sum(of => of.SortedLines));
        yield return new Figure("bytes per customer", footprints.Sum(of => of.Bytes) / Math.Max(1, customers));
        yield return new Figure("bytes per sorted purchase line", footprints.Sum(of => of.LineBytes) / Math.Max(1, lines));
        yield return new Figure("bytes of unsorted purchase lines", footprints.Sum(of => of.DeltaBytes));
    }

    public static TimelineEntry? Line(RecordedEvent recorded) => recorded.Event switch
    {
        SegmentEntered entered => new(entered.EvaluatedAt, Module.Name, $"Entered the segment {entered.Segment}", entered.Reason),
        SegmentLeft left => new(left.EvaluatedAt, Module.Name, $"Left the segment {left.Segment}", left.Reason),
        RowChanged { Reason: "a receipt" } or ScansScheduled or Scanned => null,
        RowChanged changed => new(recorded.Time, Module.Name, "What counts for segments changed", changed.Reason),
        _ => throw new UnreachableException($"The timeline does not know {recorded.Event.GetType().Name}."),
    };
}
