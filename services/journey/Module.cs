using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;

namespace Patron.Journey;

/// <summary>Journey orchestration: triggers, waits, requests to send, goals.</summary>
public static class Module
{
    private const string Name = "journey";

    public static void AddJourney(this WebApplicationBuilder builder) => builder.AddPatronService(Name, services => new ServiceDefinition
    {
        Name = Name,
        Events = Traveller.Events,
        Streams = [Traveller.Kind],
        Views = [new FigureCounts(Story.Count)],
        CustomerTables = [new CustomerTable("reach_running") { OfProjection = true }],
        Projections = [Reach.Projection],
        Migrations = [FigureCounts.Migration],
        Subscriptions = new Consumed(services.GetRequiredService<BusinessClock>()).Subscriptions,
        Publications = [Published.Publication],
        Handovers = MergeTravellers.Rules,
        Timers = TimersOf,
        OnDue = due => [Traveller.Kind.Command(due.Stream, due.Customer, traveller => EndWait.TimeCame(traveller, Guid.Parse(due.Name), due.Due))],
    });

    public static void MapJourney(this WebApplication app)
    {
        app.MapOperations(Name);
        var runtime = app.Services.PatronService(Name);
        app.MapGet("/v1/journey/customers/{id:guid}/timeline", async (Guid id, CancellationToken cancellation) =>
            TypedResults.Json<IReadOnlyList<TimelineEntry>>(
                [.. (await runtime.ReadCustomerAsync(id, cancellation)).Select(Story.Tell)], StoryJson.Default.IReadOnlyListTimelineEntry))
            .RequireApiKey("read");
        app.MapGet("/v1/journey/figures", async (CancellationToken cancellation) =>
            TypedResults.Json(await FigureCounts.ReadAsync(runtime.Database, cancellation), StoryJson.Default.IReadOnlyListFigure)).RequireApiKey("read");
        Reach.Map(app, runtime);
    }

    /// <summary>The wait of an instance is a timer under its id; a goal reached earlier cancels it.</summary>
    private static IEnumerable<TimerChange> TimersOf(RecordedEvent recorded) => recorded.Event switch
    {
        Waiting e => [TimerChange.Set(e.Instance.ToString("D"), e.Until)],
        WaitEnded e => [Cancel(e.Instance)],
        JourneysHandedOver e => e.Instances.Select(Cancel),
        JourneysGivenBack e => e.Instances.Select(Cancel),
        JourneysJoined e => e.Instances.SelectMany(SetAgain),
        JourneysReopened e => e.Instances.SelectMany(SetAgain),
        Suspended e => [Cancel(e.Instance)],
        Resumed { Until: { } until } e => [TimerChange.Set(e.Instance.ToString("D"), until)],
        _ => [],
    };

    private static TimerChange Cancel(Guid instance) => TimerChange.Cancel(instance.ToString("D"));

    private static IEnumerable<TimerChange> SetAgain(Instance instance) =>
        instance is { Suspended: false, Until: { } until } ? [TimerChange.Set(instance.Id.ToString("D"), until)] : [];
}
