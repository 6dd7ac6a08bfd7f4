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
        var programme = Programme.Load(settings.ProgrammePath);
        builder.Services.AddSingleton(programme);
        builder.AddPatronService(Name, services => Define(programme, services.GetRequiredService<CouponBook>()));
        builder.AddCoupons();
    }

    public static void MapLoyalty(this WebApplication app)
    {
        Endpoints.Map(app);
        PartnerApi.Map(app);
        app.MapOperations(Name);
    }

    internal static ServiceDefinition Define(Programme programme, CouponBook book) => new()
    {
        Name = Name,
        Events = CouponModule.Events,
        Streams = [Ledger.Kind, .. CouponModule.Streams],
        Views = [new Figures(), .. CouponModule.Views(CouponModule.Events)],
        Subscriptions = [Consumed.Profile(programme, book)],
        Publications = [Published.Loyalty],
        Timers = recorded => CouponModule.Knows(recorded.Event) ? CouponTimers.Of(recorded.Event) : LedgerTimers.Of(recorded),
        Handovers = MergeLedgers.Rules(programme).And(MergeWallets.Rules),
        CustomerTables = CouponModule.CustomerTables,
        OnAcquired = (_, cancellation) => book.RefreshAsync(cancellation),
        OnDue = timer => CouponTimers.Knows(timer) ? CouponTimers.OnDue(timer, book.Known) : LedgerTimers.OnDue(timer, programme),
        Migrations = [Figures.Migration, .. CouponModule.Migrations],
    };
}

/// <summary>Configuration section <c>Loyalty</c>.</summary>
internal sealed class LoyaltySettings : ISettings
{
    /// <summary>The programme's JSON document; without it the one inside the assembly applies.</summary>
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
