using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Tagging;

/// <summary>Tags: what rules, people, files and channels say about customers, in one tree, each with its provenance.</summary>
public static class Module
{
    internal const string Name = "tagging";

    /// <summary>Adds the service. Settings: the section <c>Tagging</c> with <c>Zone</c>.</summary>
    public static void AddTagging(this WebApplicationBuilder builder)
    {
        var settings = builder.AddSettings<TaggingSettings>("Tagging");
        builder.Services.AddSingleton<TaxonomyBook>();
        builder.AddPatronService(Name, services => Define(services, settings));
        builder.Services.AddHostedService(services => services.GetRequiredService<TaxonomyBook>());
    }

    /// <summary>Maps <c>/v1/tagging</c>.</summary>
    public static void MapTagging(this WebApplication app)
    {
        app.MapOperations(Name);
        var routes = app.MapGroup("/v1/tagging").RequireApiKey("read");
        ReadTags.Map(routes);
        TagCustomer.Map(routes);
        ImportAssignments.Map(routes);
        ReadTaxonomy.Map(routes);
        PutTaxonomyNode.Map(routes);
    }

    private static ServiceDefinition Define(IServiceProvider services, TaggingSettings settings)
    {
        var taxonomy = services.GetRequiredService<TaxonomyBook>();
        var clock = services.GetRequiredService<BusinessClock>();
        return new ServiceDefinition
        {
            Name = Name,
            Events = CustomerTags.Events,
            Streams = [CustomerTags.Kind],
            Views = [new TagHolders()],
            Subscriptions = new Consumed(taxonomy, settings.TimeZone).Subscriptions,
            Handovers = new MergeTags(() => taxonomy.Current).Rules,
            Publications = [new Publication(new Topic(Topics.Tagging), Published.Fact)],
            Timers = AssignTag.Timers,
            OnDue = timer => [CustomerTags.Kind.Command(timer.Stream, timer.Customer, tags => AssignTag.Expire(tags, clock.GetUtcNow()))],
            CustomerTables = [new CustomerTable("tag_holder")],
            Migrations = [new Migration("tag-count", TagHolders.CountSchema), new Migration("tag-holders", TagHolders.HolderSchema), TaxonomyTable.Migration],
            OnAcquired = (_, cancellation) => taxonomy.RefreshAsync(cancellation),
        };
    }
}
