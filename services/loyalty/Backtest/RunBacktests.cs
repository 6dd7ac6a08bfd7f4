using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>
/// Works on backtests, one at a time: page by page over all customers, in memory for a page, reading the store and writing nothing but the
/// backtest's own row. After each page that row says how far it has come, so that another instance goes on where this one ends.
/// </summary>
internal sealed partial class RunBacktests(IServiceProvider services, ProgrammeBook book, SystemClock clock, ILogger<RunBacktests> logger) : BackgroundService
{
    private const int CustomersPerPage = 200;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private readonly Guid owner = Guid.CreateVersion7(clock.GetUtcNow());

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var runtime = services.PatronService(Module.Name);
                if (await BacktestTable.ClaimAsync(runtime.Database, owner, stoppingToken) is { } work)
                {
                    await RunAsync(runtime, work, stoppingToken);
                    continue;
                }
            }
            catch (NpgsqlException fault)
            {
                LogAgain(logger, fault);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }

            await Task.Delay(LookEvery, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunAsync(ServiceRuntime runtime, BacktestWork work, CancellationToken cancellation)
    {
        var customers = await runtime.CountAsync(Ledger.Kind, cancellation);
        try
        {
            var asItWas = await book.LoadedAsync(cancellation);
            var changed = asItWas.Changed(ProgrammeReader.Read(work.Document), work.From);
            for (var isRunning = true; isRunning;)
            {
                var page = await runtime.ReadFamiliesAsync(Ledger.Kind, work.After, CustomersPerPage, work.Until, cancellation);
                var segments = await SegmentMembers.OfAsync(runtime.Database, [.. page.Families.SelectMany(family => family.Customers)], cancellation);
                work.Tally.SegmentsKnown &= segments is not null;
                foreach (var family in page.Families)
                    Add(work, family, asItWas, changed, segments);
                work = work with { After = page.Last ?? work.After, Done = work.Done + page.Streams };
                isRunning = page.Last is not null;
                if (!await BacktestTable.SaveAsync(runtime.Database, owner, work, customers, isRunning ? "running" : "done", null, cancellation))
                    return;
            }
        }
#pragma warning disable CA1031 // A programme that cannot be computed ends its backtest and nothing else.
        catch (Exception fault) when (fault is not (NpgsqlException or OperationCanceledException))
#pragma warning restore CA1031
        {
            LogFailed(logger, work.Id, fault);
            await BacktestTable.SaveAsync(runtime.Database, owner, work, customers, "failed", $"{fault.GetType().Name}: {fault.Message}", cancellation);
        }
    }

    private static void Add(
        BacktestWork work, CustomerFamily family, ProgrammeVersions asItWas, ProgrammeVersions changed, ILookup<Guid, string>? segments)
    {
        var (before, after) = (Rerun(family, asItWas, work), Rerun(family, changed, work));
        foreach (var customer in family.Customers)
        {
            work.Tally.Add(
                before.Ledgers.GetValueOrDefault(customer), after.Ledgers.GetValueOrDefault(customer), segments is null ? [] : [.. segments[customer]]);
        }
    }

    private static Rerun Rerun(CustomerFamily family, ProgrammeVersions versions, BacktestWork work)
    {
        var rerun = new Rerun(versions, work.From);
        rerun.TakeAll(family);
        rerun.End(work.Until);
        return rerun;
    }

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "Backtests cannot be looked for; trying again")]
    private static partial void LogAgain(ILogger logger, Exception fault);

    [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "Backtest {Id} failed")]
    private static partial void LogFailed(ILogger logger, Guid id, Exception fault);
}
