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
        builder.AddPartners();
        builder.AddPatronService(Name, services => Define(services.GetRequiredService<ProgrammeBook>(), services.GetRequiredService<CouponBook>()));

        // After the service, which brings their tables up to date at its start.
        builder.Services.AddHostedService(services => services.GetRequiredService<ProgrammeBook>());
        builder.Services.AddHostedService<RunBacktests>();
        builder.AddCoupons();
    }

    public static void MapLoyalty(this WebApplication app)
    {
        Endpoints.Map(app);
        app.MapPartners();
        app.MapOperations(Name);
    }

    internal static ServiceDefinition Define(ProgrammeBook programme, CouponBook book) => new()
    {
        Name = Name,
        Events = CouponModule.Events,
        Streams = [Ledger.Kind, .. CouponModule.Streams],
        Views = [new Figures(), .. CouponModule.Views(CouponModule.Events)],
        Projections = [Books.Projection, SegmentMembers.Projection],
        Subscriptions = [Consumed.Profile(() => programme.Versions, book)],
        Publications = [Published.Loyalty],
        Timers = recorded => CouponModule.Knows(recorded.Event) ? CouponTimers.Of(recorded.Event) : LedgerTimers.Of(recorded, programme.Versions),
        Handovers = MergeLedgers.Rules(() => programme.Versions).And(MergeWallets.Rules),
        CustomerTables = [.. CouponModule.CustomerTables, SegmentMembers.Table],
        OnDue = timer => CouponTimers.Knows(timer) ? CouponTimers.OnDue(timer, book.Known) : LedgerTimers.OnDue(timer, programme.Versions),
        OnAcquired = async (_, cancellation) =>
        {
            await programme.RefreshAsync(cancellation);
            await book.RefreshAsync(cancellation);
        },
        Migrations = [Figures.Migration, ProgrammeTable.Migration, BacktestTable.Migration, .. CouponModule.Migrations],
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
