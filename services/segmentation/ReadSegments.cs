using System.Diagnostics;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Segmentation;

/// <summary>A segment with its size. <paramref name="Sentence"/> says the <paramref name="Rule"/> in words.</summary>
/// <param name="Tag">That it gives its customers, by its id in the taxonomy; null for none.</param>
/// <param name="Revision">Of the definition; 0 for one that ships.</param>
/// <param name="Live">Customers enter and leave it.</param>
/// <param name="Size">Of one that is not live null, or where it was asked how many customers of the brand it would hold.</param>
internal sealed record SegmentAnswer(string Name, string Title, string? Tag, long Revision, bool Live, long? Size, string Sentence, Clause Rule);

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
    /// <summary>Of whoever may see people's details in clear.</summary>
    private const string PersonalScope = "personal";

    /// <param name="counted">Those that are not live are counted now, over all customers of the brand.</param>
    public static async Task<IReadOnlyList<SegmentAnswer>> SegmentsAsync(
        WholeBrand brand, Explanation explanation, ServiceRuntime service, Phrases phrases, bool counted, CancellationToken cancellation)
    {
        var segments = brand.Catalog.Segments;
        var sizes = (await Members.FlowsAsync(service.Database, cancellation)).ToDictionary(flow => flow.Segment, flow => flow.Members);
        var now = new Dictionary<string, long>();
        foreach (var some in segments.Where(segment => counted && !segment.Live).Chunk(TallyQuestion.RulesMax))
        {
            var question = new TallyQuestion(
                [.. some.Select(segment => segment.Rule)], [.. some.Select((_, rule) => new Combination(All: 1L << rule, None: 0))], []);
            var (tally, _) = await brand.TallyAsync(question, cancellation);
            foreach (var (segment, size) in some.Zip(tally.Counts))
                now[segment.Name] = size;
        }

        return [.. segments.Select(segment => new SegmentAnswer(
            segment.Name, segment.Title, segment.Tag, segment.Revision, segment.Live, SizeOf(segment),
            explanation.Sentence(segment.Rule, phrases), segment.Rule))];

        long? SizeOf(SegmentDefinition segment) => segment.Live
            ? sizes.GetValueOrDefault(segment.Name)
            : now.TryGetValue(segment.Name, out var size) ? size : null;
    }

    /// <param name="segment">Names of segments; the live ones where there are none.</param>
    public static async Task<IResult> AnswerAsync(
        Guid id, string[]? segment, HttpContext context, SegmentEngine engine, [FromKeyedServices(Module.Name)] ServiceRuntime service,
        CancellationToken cancellation)
    {
        var showsPersonal = context.GetApiCaller().Scopes.Contains(PersonalScope);
        return TypedResults.Json(
            await CustomerAsync(engine, service, id, segment ?? [], showsPersonal, cancellation), SegmentationJson.Default.CustomerAnswer);
    }

    /// <param name="asked">Names of segments; the live ones where there are none.</param>
    public static async Task<CustomerAnswer> CustomerAsync(
        SegmentEngine engine, ServiceRuntime service, Guid customer, IReadOnlyCollection<string> asked, bool showsPersonal, CancellationToken cancellation)
    {
        customer = await service.RootAsync(customer, cancellation);
        var held = (await service.StateAsync(Memberships.Kind, customer, cancellation) ?? Memberships.None).Held
            .ToDictionary(segment => segment.Segment, segment => segment.Since);
        var partition = engine.Find(customer);
        var row = partition?.Read(customer);
        var told = engine.Catalog.Segments.Where(segment => asked.Count == 0 ? segment.Live : asked.Contains(segment.Name));
        return new CustomerAnswer(customer, partition?.AsOf, [.. told.Select(segment => new WhyAnswer(
            segment.Name, held.ContainsKey(segment.Name), held.TryGetValue(segment.Name, out var since) ? since : null,
            row is null ? null : engine.Explanation.Why(segment.Rule, row, showsPersonal)))]);
    }

    public static async Task<IReadOnlyList<TimelineEntry>> TimelineAsync(ServiceRuntime service, Guid customer, CancellationToken cancellation) =>
        [.. (await service.ReadCustomerAsync(customer, cancellation)).Select(Line).OfType<TimelineEntry>()];

    /// <summary>The size of each segment, then how often customers entered and left any, then what the columns of this instance take.</summary>
    public static async Task<IReadOnlyList<Figure>> FiguresAsync(SegmentEngine engine, ServiceRuntime service, CancellationToken cancellation)
    {
        var flows = (await Members.FlowsAsync(service.Database, cancellation)).ToDictionary(flow => flow.Segment);
        return
        [
            .. engine.Catalog.Live.Select(segment => new Figure($"in segment {segment.Name}", flows.GetValueOrDefault(segment.Name)?.Members ?? 0)),
            new Figure("segment enters", flows.Values.Sum(flow => flow.Enters)),
            new Figure("segment leaves", flows.Values.Sum(flow => flow.Leaves)),
            .. Memory(engine.Footprints(service.OwnedPartitionNumbers)),
        ];
    }

    /// <summary>
    /// Bytes per customer are of columns, index and memberships; the lines of purchases and the behaviours are told apart, and so are those
    /// that are not sorted in yet.
    /// </summary>
    private static IEnumerable<Figure> Memory(IReadOnlyList<Footprint> footprints)
    {
        var (customers, lines) = (footprints.Sum(of => of.Customers), footprints.Sum(of => of.SortedLines));
        yield return new Figure("bytes per customer", footprints.Sum(of => of.Bytes) / Math.Max(1, customers));
        yield return new Figure("bytes per sorted purchase line", footprints.Sum(of => of.LineBytes) / Math.Max(1, lines));
        yield return new Figure("bytes of sorted behaviours", footprints.Sum(of => of.BehaviourBytes));
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
