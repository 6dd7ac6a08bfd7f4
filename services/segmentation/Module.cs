using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;
using Patron.Segmentation.Personas;
using Patron.Segmentation.Snapshots;

namespace Patron.Segmentation;

/// <summary>Segments: which customers belong together by what they did, kept current by facts and by the passing of days.</summary>
public static class Module
{
    internal const string Name = "segmentation";

    /// <summary>Adds the service. Settings: the section <c>Segmentation</c> as <see cref="SegmentationSettings"/> has it.</summary>
    public static void AddSegmentation(this WebApplicationBuilder builder)
    {
        var settings = builder.AddSettings<SegmentationSettings>("Segmentation");
        var catalog = new SegmentCatalog(ReadySets.Installed);
        var explanation = new Explanation(catalog, settings.Currency);
        builder.Services.AddSingleton(services => new SegmentEngine(
            settings.Days, explanation, services.GetRequiredService<IEventLog>().Partitions, settings.ScanTime,
            services.GetRequiredService<ValueSettings>().Scoring));
        builder.Services.AddSingleton<SegmentBook>();
        builder.Services.AddHttpClient(PeerInstances.Client, client => client.Timeout = Timeout.InfiniteTimeSpan);
        builder.Services.AddSingleton<PeerInstances>();
        builder.Services.AddSingleton<WholeBrand>();
        builder.Services.AddSingleton<MeasurePersonas>();
        builder.AddValue();
        builder.AddCustomerKeys();
        builder.AddPatronService(Name, Define);
        builder.Services.AddSingleton<OpenDetails>();
        builder.Services.AddSingleton<ScoreBook>();
        builder.Services.AddHostedService(services => services.GetRequiredService<SegmentBook>());
        builder.Services.AddHostedService(services => services.GetRequiredService<OpenDetails>());
        builder.Services.AddHostedService(services => services.GetRequiredService<ScoreBook>());
        builder.Services.AddHostedService<PersonaDiary>();
    }

    /// <summary>Maps <c>/v1/segmentation</c>.</summary>
    public static void MapSegmentation(this WebApplication app)
    {
        app.MapOperations(Name);
        var routes = app.MapGroup("/v1/segmentation").RequireApiKey("read");
        Preview.Map(routes);
        PutSegment.Map(routes);
        RemoveSegment.Map(routes);
        routes.MapGet("/segments", async (
            string? language, bool? counted, WholeBrand brand, SegmentEngine engine, IServiceProvider services, CancellationToken cancellation) =>
            Languages.Find(language ?? Languages.English.Language) is { } phrases
                ? TypedResults.Json(
                    await ReadSegments.SegmentsAsync(
                        brand, engine.Explanation, services.PatronService(Name), phrases, counted == true, cancellation),
                    SegmentationJson.Default.IReadOnlyListSegmentAnswer)
                : Preview.UnknownLanguage());
        routes.MapGet("/customers/{id:guid}", ReadSegments.AnswerAsync);
        routes.MapGet("/customers/{id:guid}/timeline", async (Guid id, IServiceProvider services, CancellationToken cancellation) =>
            TypedResults.Json(
                await ReadSegments.TimelineAsync(services.PatronService(Name), id, cancellation), StoryJson.Default.IReadOnlyListTimelineEntry));
        routes.MapGet("/figures", async (SegmentEngine engine, IServiceProvider services, CancellationToken cancellation) =>
            TypedResults.Json(
                await ReadSegments.FiguresAsync(engine, services.PatronService(Name), cancellation), StoryJson.Default.IReadOnlyListFigure));
        routes.MapValue();
        PersonaEndpoints.Map(routes);
        Overlap.Map(routes);
        Comparison.Map(routes);
        ControlGroupEndpoints.Map(routes);
        ExportMembers.Map(routes);
        SizeHistory.Map(routes);
        PartitionEndpoints.Map(routes);
    }

    private static ServiceDefinition Define(IServiceProvider services)
    {
        var engine = services.GetRequiredService<SegmentEngine>();
        var clock = services.GetRequiredService<BusinessClock>();
        var consumed = new Consumed(engine);
        var details = services.GetRequiredService<OpenDetails>();
        var snapshots = new SnapshotKeeper(
            services.GetRequiredService<SegmentationSettings>(), engine, services.GetRequiredService<SystemClock>(), () => services.PatronService(Name),
            services.GetRequiredService<ILogger<SnapshotKeeper>>());
        var rebuild = new Rebuild(
            engine, snapshots, consumed, LearnAsync, services.GetRequiredService<IEventLog>, () => services.PatronService(Name),
            details, services.GetRequiredService<ILogger<Rebuild>>());

        async Task LearnAsync(CancellationToken cancellation)
        {
            await services.GetRequiredService<SegmentBook>().LearnAsync(cancellation);
            await services.GetRequiredService<ScoreBook>().LearnAsync(cancellation);
        }

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
            Migrations =
            [
                new Migration("segment-members", Members.Schema), new Migration("linked-rows", LinkedRows.Schema), .. SegmentTable.Migrations,
                ScoreBook.Migration, PersonaTable.Migration, Rfm.CellTables.Migration,
            ],
            Projections = [SizeHistory.Projection(services.GetRequiredService<SegmentationSettings>().Days)],
            OnErased = services.GetRequiredService<ICustomerKeys>().Forget,
            OnAcquired = rebuild.AcquireAsync,
            OnRest = snapshots.RestAsync,
        };
    }
}
