using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>Points, lots and tiers from purchases.</summary>
public static class Module
{
    internal const string Name = "loyalty";

    public static void AddLoyalty(this WebApplicationBuilder builder)
    {
        var settings = builder.AddSettings<LoyaltySettings>("Loyalty");
        builder.Services.AddSingleton(services => new ProgrammeBook(
            Programme.TextOf(settings.ProgrammePath), services, services.GetRequiredService<SystemClock>(),
            services.GetRequiredService<ILogger<ProgrammeBook>>()));
        builder.AddPatronService(Name, services => Define(services.GetRequiredService<ProgrammeBook>()));

        // After the service, which brings their tables up to date at its start.
        builder.Services.AddHostedService(services => services.GetRequiredService<ProgrammeBook>());
        builder.Services.AddHostedService<RunBacktests>();
    }

    public static void MapLoyalty(this WebApplication app)
    {
        Endpoints.Map(app);
        PartnerApi.Map(app);
        app.MapOperations(Name);
    }

    internal static ServiceDefinition Define(ProgrammeBook book) => new()
    {
        Name = Name,
        Events = Ledger.Events,
        Streams = [Ledger.Kind],
        Views = [new Figures()],
        Projections = [Books.Projection, SegmentMembers.Projection],
        CustomerTables = [SegmentMembers.Table],
        Subscriptions = [Consumed.Profile(() => book.Versions)],
        Publications = [Published.Loyalty],
        Timers = LedgerTimers.Of,
        Handovers = MergeLedgers.Rules(() => book.Versions),
        OnDue = timer => LedgerTimers.OnDue(timer, book.Versions),
        OnAcquired = (_, cancellation) => book.RefreshAsync(cancellation),
        Migrations = [Figures.Migration, ProgrammeTable.Migration, BacktestTable.Migration],
    };
}

/// <summary>Configuration section <c>Loyalty</c>.</summary>
internal sealed class LoyaltySettings : ISettings
{
    /// <summary>
    /// The JSON document of the programme's first version, for a store that has none yet; without it the one inside the assembly. Changes are
    /// put as further versions by HTTP.
    /// </summary>
    public string? ProgrammePath { get; set; }

    public IEnumerable<SettingFault> Check()
    {
        string? fault = null;
        try
        {
            Programme.Load(ProgrammePath);
        }
        catch (Exception wrong) when (wrong is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            fault = wrong.Message.TrimEnd('.');
        }

        if (fault is not null)
            yield return new(nameof(ProgrammePath), $"it must name a right programme document: {fault}");
    }
}
