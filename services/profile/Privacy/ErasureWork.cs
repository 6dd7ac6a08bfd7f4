using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>
/// Brings erasures to their end: first what profile does itself, then the other services' word that they have applied it. What a backup brought
/// back is erased again before anybody is served.
/// </summary>
internal sealed partial class ErasureWork(
    ServiceRuntime profile, Erasures erasures, LocalErasure local, ErasedRegister register, PeerServices peers, PrivacySettings settings,
    BusinessClock clock, SystemClock systemClock, ILogger<ErasureWork> log) : BackgroundService
{
    // One instance works; the others look again later.
    private const long LeaderLock = 0x70_6174_726f_6e02;
    private const int ErasuresMax = 100;
    private readonly SemaphoreSlim news = new(0, 1);

    /// <summary>The services whose word is waited for.</summary>
    public IReadOnlyList<string> Services => peers.Names;

    /// <summary>There is something new to do, and it is committed.</summary>
    public void Look()
    {
        if (news.CurrentCount == 0)
            news.Release();
    }

    /// <summary>Destroys again what a restored backup brought back; the events follow when the service runs. Safe to repeat.</summary>
    public async Task<IReadOnlyList<ErasedId>> ReapplyAsync(CancellationToken cancellation)
    {
        await register.CreateAsync(cancellation);
        var again = new List<ErasedId>();
        await foreach (var page in register.PagesAsync(cancellation))
        {
            var known = await erasures.KnownAsync(page.Select(id => id.Erasure).Distinct(), cancellation);
            var missing = page.Where(id => !known.Contains(id.Erasure)).ToList();
            if (missing.Count == 0)
                continue;
            await local.RemoveAsync(missing.ConvertAll(id => id.Customer), cancellation);
            again.AddRange(missing);
        }

        return again;
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await ReapplyAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        news.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await clock.Known.WaitAsync(stoppingToken);
        var restored = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var leader = await profile.Database.OpenConnectionAsync(stoppingToken);
                if (await LeadAsync(leader, stoppingToken))
                {
                    if (!restored)
                        await CloseAgainAsync(await ReapplyAsync(stoppingToken), stoppingToken);
                    restored = true;
                    await RoundAsync(stoppingToken);
                }
            }
            catch (Exception fault) when (fault is NpgsqlException or HttpRequestException or TimeoutException or EventLogException
                || (fault is OperationCanceledException && !stoppingToken.IsCancellationRequested))
            {
                LogAgain(log, fault);
            }

            using var wait = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await Task.WhenAny(news.WaitAsync(wait.Token), Task.Delay(settings.LookEvery, systemClock, wait.Token));
            await wait.CancelAsync();
        }
    }

    private async Task RoundAsync(CancellationToken cancellation)
    {
        var running = await erasures.RunningAsync(ErasuresMax, cancellation);
        foreach (var erasure in running.Where(e => e.Removed is null))
            await EraseAsync(erasure, cancellation);

        if (running.Count == 0)
            return;
        foreach (var service in peers.Names)
            await AskAsync(service, running, cancellation);
        await erasures.CompleteAsync(peers.Names, clock.GetUtcNow(), cancellation);
    }

    private async Task EraseAsync(Erasure erasure, CancellationToken cancellation)
    {
        try
        {
            var removed = await local.RunAsync(erasure, cancellation);
            await erasures.DoneHereAsync(erasure.Id, removed, clock.GetUtcNow(), cancellation);
            LogErased(log, erasure.Id);
        }
#pragma warning disable CA1031 // Whatever one erasure meets must not hold up the others; it is tried again from its first step.
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogStuck(log, erasure.Id, fault);
        }
    }

    private async Task AskAsync(string service, IReadOnlyList<Erasure> running, CancellationToken cancellation)
    {
        try
        {
            var customers = running.SelectMany(e => e.Customers).Take(PersonalDataEndpoints.CustomersMax).ToList();
            var applied = await peers.ErasedAsync(service, customers, cancellation);
            var confirmed = running.Where(e => applied is null || e.Customers.All(c => applied.Any(a => a.Customer == c)))
                .Select(e => (e.Id, new ErasureConfirmation(service, Sum(e, applied ?? []), clock.GetUtcNow()))).ToList();
            if (confirmed.Count > 0)
                await erasures.ConfirmAsync(confirmed, cancellation);
        }
        catch (Exception fault) when (fault is HttpRequestException || (fault is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            LogUnanswered(log, service, fault.Message);
        }
    }

    private static Dictionary<string, int> Sum(Erasure erasure, IReadOnlyList<AppliedErasure> applied) => applied
        .Where(a => erasure.Customers.Contains(a.Customer)).SelectMany(a => a.Removed)
        .GroupBy(r => r.Key).ToDictionary(g => g.Key, g => g.Sum(r => r.Value));

    private async Task CloseAgainAsync(IReadOnlyList<ErasedId> ids, CancellationToken cancellation)
    {
        foreach (var erasure in ids.GroupBy(id => id.Erasure))
        {
            var first = erasure.First();
            var aliases = erasure.Select(id => id.Customer).Where(c => c != first.With).ToList();
            var erased = new Erased(erasure.Key, aliases, first.Reason, first.Reference, first.By);
            await profile.ExecuteAsync(
                CustomerProfile.Kind.Command(first.With, first.With, customer => customer.Erasure is null ? erased : Decision.Nothing), cancellation);
        }
    }

    private static async Task<bool> LeadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select pg_try_advisory_lock($1)", connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = LeaderLock });
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Erasures were interrupted and go on where they were")]
    private static partial void LogAgain(ILogger logger, Exception fault);

    [LoggerMessage(Level = LogLevel.Error, Message = "Erasure {Erasure} could not be done and is tried again")]
    private static partial void LogStuck(ILogger logger, Guid erasure, Exception fault);

    [LoggerMessage(Level = LogLevel.Information, Message = "Erasure {Erasure} is done here; the other services' word is waited for")]
    private static partial void LogErased(ILogger logger, Guid erasure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Service} does not say which erasures it has applied: {Why}")]
    private static partial void LogUnanswered(ILogger logger, string service, string why);
}
