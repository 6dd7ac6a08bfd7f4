using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Tagging;

/// <summary>Tags: what a customer's purchases and tier say about them, each with its provenance.</summary>
public static class Module
{
    internal const string Name = "tagging";

    /// <summary>Adds the service. Settings: the section <c>Tagging</c> with <c>Currency</c>.</summary>
    public static void AddTagging(this WebApplicationBuilder builder)
    {
        var rules = new TagRules(builder.AddSettings<TaggingSettings>("Tagging").Currency);
        builder.Services.AddSingleton(rules);
        builder.AddPatronService(Name, services => Define(rules, new ActivityMemory(), () => services.PatronService(Name)));
    }

    /// <summary>Maps <c>/v1/tagging</c>.</summary>
    public static void MapTagging(this WebApplication app)
    {
        app.MapOperations(Name);
        var routes = app.MapGroup("/v1/tagging").RequireApiKey("read");
        routes.MapGet("/customers/{id:guid}/tags", async (Guid id, IServiceProvider services, CancellationToken cancellation) =>
            TypedResults.Json(await ReadTags.TagsAsync(services.PatronService(Name), id, cancellation), TaggingJson.Default.CustomerTagsAnswer));
        routes.MapGet("/customers/{id:guid}/timeline", async (Guid id, IServiceProvider services, CancellationToken cancellation) =>
            TypedResults.Json(
                await ReadTags.TimelineAsync(services.PatronService(Name), id, cancellation), StoryJson.Default.IReadOnlyListTimelineEntry));
        routes.MapGet("/taxonomy", (TagRules rules) => TypedResults.Json(ReadTags.Taxonomy(rules), TaggingJson.Default.TaxonomyAnswer));
        routes.MapGet("/figures", async (IServiceProvider services, CancellationToken cancellation) =>
            TypedResults.Json(await TagCounts.ReadAsync(services.PatronService(Name).Database, cancellation), StoryJson.Default.IReadOnlyListFigure));
    }

    private static ServiceDefinition Define(TagRules rules, ActivityMemory memory, Func<ServiceRuntime> service) => new()
    {
        Name = Name,
        Events = CustomerTags.Events,
        Streams = [CustomerTags.Kind],
        Views = [new TagCounts()],
        Subscriptions = new Consumed(rules, memory, new MergeTags(rules, memory)).Subscriptions,
        Handovers = new MergeTags(rules, memory).Rules,
        Publications = [new Publication(new Topic(Topics.Tagging), Published.Fact)],
        CustomerTables = [new CustomerTable("customer_activity"), new CustomerTable("linked_customers")],
        OnErased = memory.Forget,
        Migrations =
        [
            new Migration("customer-activity", ActivityRows.Schema), new Migration("tag-count", TagCounts.Schema),
            new Migration("linked-customers", LinkedRows.Schema),
        ],
        OnAcquired = (partition, cancellation) => memory.LoadAsync(service().Database, partition.Partition, cancellation),
    };
}
