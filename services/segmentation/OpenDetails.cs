using System.Security.Cryptography;
using Npgsql;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Segmentation;

/// <summary>
/// Opens the details that wait, with keys that profile hands out for a thousand customers at once, and has the memberships of whoever they move
/// changed. While profile does not answer they go on waiting, and so does simulated business time. Values are kept in the columns only.
/// </summary>
internal sealed partial class OpenDetails(
    SegmentEngine engine, ICustomerKeys keys, IServiceProvider services, SystemClock clock, ILogger<OpenDetails> logger) : BackgroundService, IDrains
{
    private const int CustomersPerQuestionMax = 1_000;

    // Of a partition that is loaded, the latest wait for its facts to be taken, so that what they change is told; the others change nothing.
    private const int LeftWhileLoading = 1_000;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim signal = new(0, 1);
    private readonly List<Command> toExecute = [];
    private volatile bool busy;

    public bool IsIdle => !busy && (!engine.AnyWaiting || !engine.Waiting(Owned).Any());

    private IReadOnlyList<int> Owned => services.PatronService(Module.Name).OwnedPartitionNumbers;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        services.PatronService(Module.Name).Register(this);
        engine.DetailsWait = Wake;
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        base.Dispose();
        signal.Dispose();
    }

    /// <summary>While a partition is loaded: opens all but the latest, without a word to anybody. Where profile does not answer they wait.</summary>
    public async Task OpenMostAsync(SegmentedPartition partition, CancellationToken cancellation)
    {
        try
        {
            while (partition.WaitingCount >= LeftWhileLoading + CustomersPerQuestionMax)
                await OpenAsync(partition, () => false, cancellation);
        }
        catch (HttpRequestException fault)
        {
            LogWaiting(logger, partition.WaitingCount, fault);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await signal.WaitAsync(RetryAfter, stoppingToken);
                busy = true;
                await OpenAllAsync(stoppingToken);
                busy = toExecute.Count > 0;
            }
            catch (Exception fault) when (fault is HttpRequestException or NpgsqlException or TaskCanceledException && !stoppingToken.IsCancellationRequested)
            {
                LogWaiting(logger, engine.Waiting(Owned).Sum(partition => partition.WaitingCount), fault);
                await Task.Delay(RetryAfter, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                Wake();
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private void Wake()
    {
        if (signal.CurrentCount > 0)
            return;
        try
        {
            signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else said so at the same moment.
        }
    }

    private async Task OpenAllAsync(CancellationToken cancellation)
    {
        foreach (var number in Owned)
        {
            foreach (var partition in engine.Waiting([number]))
            {
                while (partition.WaitingCount > 0 && Owned.Contains(number))
                {
                    await OpenAsync(partition, () => Owned.Contains(number), cancellation);
                    await ExecuteWaitingAsync(cancellation);
                }
            }
        }

        await ExecuteWaitingAsync(cancellation);
    }

    private async Task OpenAsync(SegmentedPartition partition, Func<bool> owns, CancellationToken cancellation)
    {
        var waiting = partition.Waiting(CustomersPerQuestionMax);
        var found = await keys.GetAsync([.. waiting.Select(details => details.Customer)], cancellation);
        foreach (var details in waiting)
        {
            // Without a key they were erased, and nothing of them is known any more.
            var attributes = found.TryGetValue(details.Customer, out var key) ? Opened(details.State, key) : CustomerRow.NoAttributes;
            if (partition.Open(details, attributes) && owns())
                toExecute.Add(engine.ChangeOf(details, owns));
        }
    }

    private async Task ExecuteWaitingAsync(CancellationToken cancellation)
    {
        if (toExecute.Count == 0)
            return;
        await services.PatronService(Module.Name).ExecuteAsync(toExecute, cancellation);
        toExecute.Clear();
    }

    private Dictionary<string, string> Opened(CustomerState state, CustomerKey key)
    {
        var opened = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, text) in new[]
        {
            (SealedFields.GivenName, state.SealedGivenName), (SealedFields.FamilyName, state.SealedFamilyName), (SealedFields.Email, state.SealedEmail),
            (SealedFields.Phone, state.SealedPhone), (SealedFields.Language, state.SealedLanguage), (SealedFields.TimeZone, state.SealedTimeZone),
            (SealedFields.Country, state.SealedCountry),
        })
            Open(name, name, text);
        foreach (var (name, text) in state.SealedAttributes)
            Open(name, SealedFields.Attribute(name), text);
        return opened;

        void Open(string name, string field, string text)
        {
            try
            {
                if (text.Length > 0)
                    opened[name] = AttributeClause.OnlyKnown.Contains(name) ? "known" : key.Unseal(text, field);
            }
            catch (Exception fault) when (fault is CryptographicException or FormatException)
            {
                LogUnreadable(logger, name, key.Customer, fault);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The details of {Count} customers wait for their keys, which profile does not hand out now.")]
    private static partial void LogWaiting(ILogger logger, int count, Exception fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The attribute {Name} of customer {Customer} cannot be opened with their key; rules go without it.")]
    private static partial void LogUnreadable(ILogger logger, string name, Guid customer, Exception fault);
}
