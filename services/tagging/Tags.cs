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

    public static readonly StreamKind<CustomerTags> Kind = new("tags", None, Evolve, TaggingJson.Default.CustomerTags);

    public static readonly EventTypes Events = new(TaggingJson.Default, typeof(TagAdded), typeof(TagRemoved));

    public bool Has(string tag) => Held.Any(held => held.Tag == tag);

    public static CustomerTags Evolve(CustomerTags state, DomainEvent happened) => happened switch
    {
        TagAdded added => new([.. state.Without(added.Tag), new HeldTag(added.Tag, added.Rule, added.RuleVersion, added.Reason, added.Since)]),
        TagRemoved removed => new([.. state.Without(removed.Tag)]),
        _ => throw new UnreachableException($"Tags do not know the event {happened.GetType().Name}."),
    };

    private IEnumerable<HeldTag> Without(string tag) => Held.Where(held => held.Tag != tag);
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(TagAdded))]
[JsonSerializable(typeof(TagRemoved))]
[JsonSerializable(typeof(CustomerTags))]
[JsonSerializable(typeof(CustomerTagsAnswer))]
[JsonSerializable(typeof(TaxonomyAnswer))]
internal sealed partial class TaggingJson : JsonSerializerContext;
