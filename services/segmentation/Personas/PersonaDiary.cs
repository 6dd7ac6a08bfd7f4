using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Segmentation.Personas;

/// <summary>
/// Measures every persona once a day, after the scan hour. A day's measurement is of all partitions after their own scans of that day: until they
/// all are there it is tried again, and a day on which they never are has none. Any instance measures, the first to end counts. It looks in system time,
/// so simulated time that passes many days a second leaves days out.
/// </summary>
internal sealed class PersonaDiary(
    MeasurePersonas personas, SegmentationSettings settings, BusinessClock business, IServiceProvider services, SystemClock clock,
    ILogger<PersonaDiary> logger) : StoreFollower("The personas", LookEvery, clock, logger)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TwoDays = TimeSpan.FromDays(2);
    private readonly BrandDays days = settings.Days;
    private DateTimeOffset doneUntil = DateTimeOffset.MinValue;

    protected override async Task LookAsync(CancellationToken cancellation)
    {
        if (!business.Known.IsCompleted || LastScan(business.GetUtcNow()) is var due && due <= doneUntil)
            return;
        var day = DateOnly.FromDayNumber(days.DayOf(due));
        var database = services.PatronService(Module.Name).Database;
        var isDone = true;
        foreach (var persona in await PersonaTable.UnmeasuredAsync(database, day, due, cancellation))
        {
            var (measured, isComplete) = await personas.OfAsync(persona, due, cancellation);
            isDone &= isComplete;
            if (isComplete)
                await PersonaTable.AddAsync(database, new(day, measured), cancellation);
        }

        if (isDone)
            doneUntil = due;
    }

    private DateTimeOffset LastScan(DateTimeOffset now)
    {
        var last = days.Next(settings.ScanTime, now - TwoDays);
        for (var next = last; next <= now; next = days.Next(settings.ScanTime, next))
            last = next;
        return last;
    }
}
