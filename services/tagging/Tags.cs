using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Patron.Runtime.EventStore;

namespace Patron.Tagging;

/// <summary>What a tag was given by.</summary>
internal enum Giver
{
    /// <summary>A segment's rule; <see cref="Assignment.By"/> is the segment's name.</summary>
    Rule,

    /// <summary>The loyalty programme.</summary>
    Tier,

    /// <summary>Somebody by hand; the name of the API caller.</summary>
    Person,

    /// <summary>A row of a file; the file's name.</summary>
    Import,

    /// <summary>What a channel told of the customer; the channel's name.</summary>
    Channel,
}

/// <summary>The public fact that led to an assignment.</summary>
/// <param name="Id">Its CloudEvents id, unique within the topic's producer.</param>
internal sealed record Cause(string Topic, string Id, long Position);

/// <summary>One reason why a customer holds a tag; there may be several for the same tag, and it is held until the last one ends.</summary>
/// <param name="Version">Of the rule: the revision of the segment's definition, 0 for one that ships; 0 where no rule gave it.</param>
/// <param name="Reason">A sentence, without personal data.</param>
/// <param name="Since">When what the tag says became true, and for the first time without a gap.</param>
internal sealed record Assignment(string Tag, Giver Giver, string By, int Version, string Reason, DateTimeOffset Since)
{
    /// <summary>When it ends by itself.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? Until { get; init; }

    /// <summary>When it was last given again.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? RenewedAt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Cause? Cause { get; init; }

    /// <summary>The merged customer whom it was given to; null is the stream's own.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Guid? Origin { get; init; }

    /// <summary>Given again, it takes the place of the one with the same key.</summary>
    [JsonIgnore]
    public AssignmentKey Key => new(Tag, Giver, Giver == Giver.Rule ? By : "", Origin);

    [JsonIgnore]
    public DateTimeOffset GivenAt => RenewedAt ?? Since;

    /// <summary>It goes where the customer goes; what rules and tiers give, they give anew.</summary>
    [JsonIgnore]
    public bool IsOwn => Giver is Giver.Person or Giver.Import or Giver.Channel;
}

internal readonly record struct AssignmentKey(string Tag, Giver Giver, string Rule, Guid? Origin);

/// <summary>A customer holds a tag from now on.</summary>
[EventName("tagging.tag-added.v2")]
internal sealed record TagAdded(Assignment Assignment) : DomainEvent;

/// <summary>A tag that the customer holds was given again, or by something else too.</summary>
[EventName("tagging.tag-confirmed.v1")]
internal sealed record TagConfirmed(Assignment Assignment) : DomainEvent;

/// <summary>The last assignment of a tag ended, so that the customer holds it no longer.</summary>
[EventName("tagging.tag-removed.v2")]
internal sealed record TagRemoved(Assignment Ended, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>One of several assignments of a tag ended.</summary>
[EventName("tagging.assignment-ended.v1")]
internal sealed record AssignmentEnded(Assignment Ended, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>The customer was erased: nothing is assigned any more.</summary>
[EventName("tagging.tags-erased.v1")]
internal sealed record TagsErased : DomainEvent;

/// <summary>The customer did something on a channel.</summary>
/// <param name="Hour">0 to 23, by clocks in the brand's zone.</param>
[EventName("tagging.interacted.v1")]
internal sealed record Interacted(string Channel, int Hour) : DomainEvent;

/// <summary>Before segments gave tags, purchases were counted here. Nothing follows from it.</summary>
[EventName("tagging.counted-before.v1")]
internal sealed record CountedBefore : DomainEvent;

/// <summary>The tags of one customer; the stream is the customer's id.</summary>
internal sealed record CustomerTags(IReadOnlyList<Assignment> Assignments)
{
    private const int HoursMax = 20;

    public static readonly CustomerTags None = new([]);

    /// <summary>What a merge put aside because a newer tag of the other customer excluded it, to come back when the merge is undone.</summary>
    public IReadOnlyList<AssignmentSetAside> Aside { get; init; } = [];

    /// <summary>Of a customer who is merged into another: the tags until then.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Assignment>? Kept { get; init; }

    /// <summary>The hours of the last interactions, the latest last.</summary>
    public IReadOnlyList<int> Hours { get; init; } = [];

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsErased { get; init; }

    /// <summary>What is shown and counted, in the order of the tags' ids.</summary>
    [JsonIgnore]
    public IEnumerable<string> Held => Assignments.Select(given => given.Tag).Distinct().Order(StringComparer.Ordinal);

    public static readonly StreamKind<CustomerTags> Kind = new("tags", None, Evolve, TaggingJson.Default.CustomerTags, shape: 3);

    public static readonly EventTypes Events = FormerEvents.Upcast(new EventTypes(
        TaggingJson.Default, typeof(TagAdded), typeof(TagConfirmed), typeof(TagRemoved), typeof(AssignmentEnded), typeof(TagsErased), typeof(Interacted),
        typeof(CountedBefore), typeof(TagsHandedOver), typeof(AssignmentSetAside), typeof(TagsGivenBack), typeof(TagsReopened)));

    public bool Has(string tag) => Assignments.Any(given => given.Tag == tag);

    public Assignment? Find(AssignmentKey key) => Assignments.FirstOrDefault(given => given.Key == key);

    public static CustomerTags Evolve(CustomerTags state, DomainEvent happened) => happened switch
    {
        TagAdded added => state.With(added.Assignment),
        TagConfirmed confirmed => state.With(confirmed.Assignment),
        TagRemoved removed => state with { Assignments = [.. state.Assignments.Where(given => given.Tag != removed.Ended.Tag)] },
        AssignmentEnded ended => state with { Assignments = [.. state.Assignments.Where(given => given.Key != ended.Ended.Key)] },
        TagsErased => None with { IsErased = true },
        Interacted at => state with { Hours = [.. state.Hours.Append(at.Hour).TakeLast(HoursMax)] },
        TagsHandedOver over => None with { Kept = over.Kept, IsErased = state.IsErased },
        AssignmentSetAside aside => state with { Aside = [.. state.Aside, aside] },
        TagsGivenBack given => state with
        {
            Aside = [.. state.Aside.Where(aside => !given.Origins.Contains(aside.Because) && !given.Origins.Contains(aside.Assignment.Origin ?? default))],
        },
        TagsReopened => state with { Kept = null },
        CountedBefore => state,
        _ => throw new UnreachableException($"Tags do not know the event {happened.GetType().Name}."),
    };

    private CustomerTags With(Assignment given) => this with { Assignments = [.. Assignments.Where(known => known.Key != given.Key), given] };
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(TagAdded))]
[JsonSerializable(typeof(TagConfirmed))]
[JsonSerializable(typeof(TagRemoved))]
[JsonSerializable(typeof(AssignmentEnded))]
[JsonSerializable(typeof(TagsErased))]
[JsonSerializable(typeof(Interacted))]
[JsonSerializable(typeof(CountedBefore))]
[JsonSerializable(typeof(TagsHandedOver))]
[JsonSerializable(typeof(AssignmentSetAside))]
[JsonSerializable(typeof(TagsGivenBack))]
[JsonSerializable(typeof(TagsReopened))]
[JsonSerializable(typeof(CustomerTags))]
[JsonSerializable(typeof(CustomerTagsAnswer))]
[JsonSerializable(typeof(TaxonomyNode))]
[JsonSerializable(typeof(TaxonomyAnswer))]
[JsonSerializable(typeof(NodeAnswer))]
[JsonSerializable(typeof(IReadOnlyList<TaxonomyChange>))]
[JsonSerializable(typeof(ImportAnswer))]
internal sealed partial class TaggingJson : JsonSerializerContext;
