using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Patron.Runtime.EventStore;

namespace Patron.Tagging;

/// <summary>A rule found that a tag applies to the customer.</summary>
/// <param name="Tag">Path in the taxonomy.</param>
/// <param name="Rule">The rule's name, and <paramref name="RuleVersion"/> which wording of it decided.</param>
/// <param name="Reason">A sentence with the numbers, without personal data.</param>
/// <param name="Since">When what the tag says became true: the time of the fact that led to it.</param>
[EventName("tagging.tag-added.v1")]
internal sealed record TagAdded(string Tag, string Rule, int RuleVersion, string Reason, DateTimeOffset Since) : DomainEvent;

/// <summary>A tag that the customer held applies no longer.</summary>
[EventName("tagging.tag-removed.v1")]
internal sealed record TagRemoved(string Tag, string Rule, int RuleVersion, string Reason, DateTimeOffset Until) : DomainEvent;

/// <summary>A tag that a customer holds, and why.</summary>
internal sealed record HeldTag(string Tag, string Rule, int RuleVersion, string Reason, DateTimeOffset Since);

/// <summary>The tags of one customer; the stream is the customer's id. Few: one entry a tag.</summary>
internal sealed record CustomerTags(IReadOnlyList<HeldTag> Held)
{
    public static readonly CustomerTags None = new([]);

    /// <summary>Of a customer who was ever linked with another: what was counted of whom. Of all others the table has it.</summary>
    public IReadOnlyList<Counters> Counted { get; init; } = [];

    /// <summary>The customer's own counters are in <see cref="Counted"/>, so that it tells all.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool OwnTaken { get; init; }

    /// <summary>What was held before a merge, to be held again after its undoing; null while nobody is merged.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<HeldTag>? Kept { get; init; }

    public static readonly StreamKind<CustomerTags> Kind = new("tags", None, Evolve, TaggingJson.Default.CustomerTags, shape: 2);

    public static readonly EventTypes Events = new(
        TaggingJson.Default, typeof(TagAdded), typeof(TagRemoved), typeof(CountersTaken), typeof(ReceiptCounted), typeof(TagsHandedOver),
        typeof(CountersJoined), typeof(CountersGivenBack), typeof(TagsReopened));

    public bool Has(string tag) => Held.Any(held => held.Tag == tag);

    public static CustomerTags Evolve(CustomerTags state, DomainEvent happened) => happened switch
    {
        TagAdded added => state with
        {
            Held = [.. state.Without(added.Tag), new HeldTag(added.Tag, added.Rule, added.RuleVersion, added.Reason, added.Since)],
        },
        TagRemoved removed => state with { Held = [.. state.Without(removed.Tag)] },
        CountersTaken taken => state.Plus(null, taken.Activity) with { OwnTaken = true },
        ReceiptCounted counted => state.Plus(counted.Origin, counted.Activity),
        TagsHandedOver over => None with { Kept = over.Kept },
        CountersJoined joined => joined.Counters.Aggregate(state, (sum, counted) => sum.Plus(counted.Origin, counted.Activity)) with
        {
            Kept = state.Kept ?? state.Held,
        },
        CountersGivenBack given => state.Less(given.Origins.ToHashSet()),
        TagsReopened reopened => reopened.Counters.Aggregate(state, (sum, counted) => sum.Plus(counted.Origin, counted.Activity)) with
        {
            OwnTaken = true,
            Kept = null,
        },
        _ => throw new UnreachableException($"Tags do not know the event {happened.GetType().Name}."),
    };

    private CustomerTags Plus(Guid? origin, CustomerActivity activity)
    {
        var known = Counted.FirstOrDefault(counted => counted.Origin == origin)?.Activity ?? CustomerActivity.None;
        return this with { Counted = [.. Counted.Where(counted => counted.Origin != origin), new Counters(origin, known.Plus(activity))] };
    }

    private CustomerTags Less(HashSet<Guid> origins)
    {
        var left = Counted.Where(counted => counted.Origin is not { } origin || !origins.Contains(origin)).ToList();
        return this with { Counted = left, Kept = left.Any(counted => counted.Origin is not null) ? Kept : null };
    }

    private IEnumerable<HeldTag> Without(string tag) => Held.Where(held => held.Tag != tag);
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(TagAdded))]
[JsonSerializable(typeof(TagRemoved))]
[JsonSerializable(typeof(CountersTaken))]
[JsonSerializable(typeof(ReceiptCounted))]
[JsonSerializable(typeof(TagsHandedOver))]
[JsonSerializable(typeof(CountersJoined))]
[JsonSerializable(typeof(CountersGivenBack))]
[JsonSerializable(typeof(TagsReopened))]
[JsonSerializable(typeof(CustomerTags))]
[JsonSerializable(typeof(CustomerTagsAnswer))]
[JsonSerializable(typeof(TaxonomyAnswer))]
internal sealed partial class TaggingJson : JsonSerializerContext;
