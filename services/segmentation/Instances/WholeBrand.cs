using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Patron.Runtime.Processing;

namespace Patron.Segmentation;

/// <summary>What one partition answered.</summary>
/// <param name="AsOf">Up to when it knows facts; where two instances answer for a partition, the later counts.</param>
internal sealed record Part<T>(int Partition, DateTimeOffset AsOf, T Value);

/// <summary>What the partitions answered, each of them at most once, by number.</summary>
internal sealed record Gathered<T>(IReadOnlyList<Part<T>> Parts, int OfPartitions)
{
    public Covered Covered => new(Parts.Count, OfPartitions);

    public IEnumerable<T> Values => Parts.Select(part => part.Value);
}

/// <summary>
/// Questions to all customers of the brand. Each instance has the columns of the partitions that it owns, so the others are asked for theirs,
/// all at once. Whoever does not answer in time leaves its partitions out, which the answer says; nobody who is asked asks on.
/// </summary>
internal sealed class WholeBrand(SegmentEngine engine, PeerInstances peers, IServiceProvider services)
{
    /// <summary>The catalogue's segments, whose rules stand in questions in place of their names: peers may not know a new one yet.</summary>
    public SegmentCatalog Catalog => engine.Catalog;

    public int PartitionCount => engine.PartitionCount;

    public async Task<(Tally Tally, Gathered<Tally> Parts)> TallyAsync(TallyQuestion question, CancellationToken cancellation)
    {
        question = question with { Rules = [.. question.Rules.Select(rule => SegmentPaths.WithoutNames(rule, Catalog))] };
        var parts = await AskAsync(
            () => OwnTally(question),
            PeerQuestion.Of("tally", question, InstancesJson.Default.TallyQuestion, InstancesJson.Default.IReadOnlyListPartTally),
            cancellation);
        return (Tally.Sum(question, parts.Values), parts);
    }

    public IReadOnlyList<Part<Tally>> OwnTally(TallyQuestion question) => Own((_, evaluate) => Tally.Of(question, evaluate));

    public async Task<Gathered<GroupFigures>> FiguresAsync(GroupQuestion question, CancellationToken cancellation)
    {
        question = new([.. question.Groups.Select(rule => SegmentPaths.WithoutNames(rule, Catalog))]);
        return await AskAsync(
            () => OwnFigures(question),
            PeerQuestion.Of("groups", question, InstancesJson.Default.GroupQuestion, InstancesJson.Default.IReadOnlyListPartGroupFigures),
            cancellation);
    }

    public IReadOnlyList<Part<GroupFigures>> OwnFigures(GroupQuestion question) =>
        Own((columns, evaluate) => GroupFigures.Of(question, columns, evaluate));

    /// <summary>What all customers bought, in short; about 30 bytes a customer from each peer.</summary>
    public Task<Gathered<CustomersCopy>> CustomersAsync(CancellationToken cancellation) =>
        AskAsync(OwnCustomers, PeerQuestion.Of("customers", CustomersCopy.Read), cancellation);

    public IReadOnlyList<Part<CustomersCopy>> OwnCustomers() => Own(CustomersCopy.Of);

    /// <summary>What they bought on which day, as far back as lines are kept; about 13 bytes a day of purchase from each peer.</summary>
    public Task<Gathered<PurchasesCopy>> PurchasesAsync(CancellationToken cancellation) =>
        AskAsync(OwnPurchases, PeerQuestion.Of("purchases", PurchasesCopy.Read), cancellation);

    public IReadOnlyList<Part<PurchasesCopy>> OwnPurchases() => Own(PurchasesCopy.Of);

    /// <summary>Of the partitions that this instance owns.</summary>
    private IReadOnlyList<Part<T>> Own<T>(Func<PartitionColumns, Func<Clause, ulong[]>, T> look) =>
        engine.Look(services.PatronService(Module.Name).OwnedPartitionNumbers, look);

    private async Task<Gathered<T>> AskAsync<T>(Func<IReadOnlyList<Part<T>>> own, PeerQuestion<T> question, CancellationToken cancellation)
    {
        var asked = peers.AskAsync(question, cancellation);
        var answers = own();
        return Merge([answers, .. await asked], engine.PartitionCount);
    }

    /// <summary>A partition that changes hands may be answered by both: the one that knows more counts.</summary>
    internal static Gathered<T> Merge<T>(IReadOnlyList<IReadOnlyList<Part<T>>> answers, int ofPartitions) => new(
        [
            .. answers.SelectMany(parts => parts).Where(part => part.Partition >= 0 && part.Partition < ofPartitions)
                .GroupBy(part => part.Partition).OrderBy(same => same.Key).Select(same => same.MaxBy(part => part.AsOf)!),
        ],
        ofPartitions);
}
