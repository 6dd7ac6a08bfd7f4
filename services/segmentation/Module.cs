using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Segmentation;

/// <summary>Segments: which customers belong together by what they did, kept current by facts and by the passing of days.</summary>
public static class Module
{
    internal const string Name = "segmentation";

    /// <summary>Adds the service. Settings: the section <c>Segmentation</c> with <c>Zone</c>, <c>ScanAt</c> and <c>Currency</c>.</summary>
    public static void AddSegmentation(this WebApplicationBuilder builder)
    {
        var settings = builder.AddSettings<SegmentationSettings>("Segmentation");
        var catalog = new SegmentCatalog(ReadyMade.Segments);
        var explanation = new Explanation(catalog, settings.Currency);
        builder.Services.AddSingleton(services => new SegmentEngine(
            settings.Days, explanation, services.GetRequiredService<IEventLog>().Partitions, settings.ScanTime));
        builder.Services.AddSingleton<SegmentBook>();
        builder.AddValue();
        builder.AddPatronService(Name, Define);
        builder.Services.AddHostedService(services => services.GetRequiredService<SegmentBook>());
    }

    /// <summary>Maps <c>/v1/segmentation</c>.</summary>
    public static void MapSegmentation(this WebApplication app)
    {
        app.MapOperations(Name);
        var routes = app.MapGroup("/v1/segmentation").RequireApiKey("read");
        Preview.Map(routes);
        PutSegment.Map(routes);
        routes.MapGet("/segments", async (string? language, SegmentEngine engine, IServiceProvider services, CancellationToken cancellation) =>
            Languages.Find(language ?? Languages.English.Language) is { } phrases
                ? TypedResults.Json(
                    await ReadSegments.SegmentsAsync(engine, services.PatronService(Name), phrases, cancellation),
                    SegmentationJson.Default.IReadOnlyListSegmentAnswer)
                : Preview.UnknownLanguage());
        routes.MapGet("/customers/{id:guid}", async (Guid id, SegmentEngine engine, IServiceProvider services, CancellationToken cancellation) =>
            TypedResults.Json(
                await ReadSegments.CustomerAsync(engine, services.PatronService(Name), id, cancellation), SegmentationJson.Default.CustomerAnswer));
        routes.MapGet("/customers/{id:guid}/timeline", async (Guid id, IServiceProvider services, CancellationToken cancellation) =>
            TypedResults.Json(
                await ReadSegments.TimelineAsync(services.PatronService(Name), id, cancellation), StoryJson.Default.IReadOnlyListTimelineEntry));
        routes.MapGet("/figures", async (SegmentEngine engine, IServiceProvider services, CancellationToken cancellation) =>
            TypedResults.Json(
                await ReadSegments.FiguresAsync(engine, services.PatronService(Name), cancellation), StoryJson.Default.IReadOnlyListFigure));
        routes.MapValue();
    }

    private static ServiceDefinition Define(IServiceProvider services)
    {
        var engine = services.GetRequiredService<SegmentEngine>();
        var clock = services.GetRequiredService<BusinessClock>();
        var consumed = new Consumed(engine);
        var rebuild = new Rebuild(
            engine, consumed, services.GetRequiredService<SegmentBook>().LearnAsync,
            services.GetRequiredService<IEventLog>, () => services.PatronService(Name), services.GetRequiredService<ILogger<Rebuild>>());
        return new ServiceDefinition
        {
            Name = Name,
            Events = Memberships.Events,
            Streams = [Memberships.Kind, Scans.Kind],
            Views = [new Members(), new LinkedRows()],
            Subscriptions = consumed.Subscriptions,
            Publications =
            [
                new Publication(new Topic(Topics.Segmentation), Published.Fact),
                new Publication(new Topic(Topics.SegmentationRows, Compacted: true), Published.State),
            ],
            Handovers = new MergeRows(engine).Rules,
            Timers = ScanPartition.Timers,
            OnDue = timer => engine.Scan(timer, clock.GetUtcNow()),
            CustomerTables = [new CustomerTable("segment_member"), new CustomerTable("linked_rows")],
            Migrations = [new Migration("segment-members", Members.Schema), new Migration("linked-rows", LinkedRows.Schema), .. SegmentTable.Migrations],
            OnAcquired = rebuild.AcquireAsync,
        };
    }
}
