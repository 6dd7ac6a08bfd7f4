using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Npgsql;
using Patron.Contracts.Ingest.V1;
using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Channels.Email;

/// <summary>
/// Tells profile, which owns consent, what recipients withdrew here: through the same door as every touchpoint, again and again until it is
/// accepted. Nothing is sent meanwhile, because the own gate is shut already.
/// </summary>
internal sealed partial class ProfileNotices(
    ServiceRuntime runtime, ICustomerKeys keys, RecipientHash recipients, IHttpClientFactory clients, ILogger<ProfileNotices> log)
    : BackgroundService, IDrains
{
    /// <summary>The client whose base address is profile's and whose headers carry a key of the scope <c>ingest</c>.</summary>
    public const string Client = "email.profile";

    private const string EventsPath = "/v1/events";
    private const string ContentType = "application/cloudevents+json";
    private const string Wording = "list-unsubscribe";
    private const int NoticesMax = 100;
    private const int HoldingTriesMax = 4;
    private static readonly TimeSpan RetryFirst = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RetryMax = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim news = new(1, 1);
    private long wanted = 1;
    private long done;
    private int tries;

    /// <summary>After some failures it waits for the outside world, and business time goes on without it.</summary>
    public bool IsIdle => Interlocked.Read(ref done) == Interlocked.Read(ref wanted) || Volatile.Read(ref tries) > HoldingTriesMax;

    /// <summary>There is something new to tell, and it is committed.</summary>
    public void Look()
    {
        Interlocked.Increment(ref wanted);
        if (news.CurrentCount == 0)
            news.Release();
    }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        runtime.Register(this);
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        news.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var wait = Timeout.InfiniteTimeSpan;
            try
            {
                var look = Interlocked.Read(ref wanted);
                await TellAllAsync(stoppingToken);
                Interlocked.Exchange(ref done, look);
                Volatile.Write(ref tries, 0);
            }
            catch (Exception fault) when (fault is NpgsqlException or HttpRequestException or TimeoutException
                || (fault is OperationCanceledException && !stoppingToken.IsCancellationRequested))
            {
                var failed = Interlocked.Increment(ref tries);
                LogPutOff(log, fault);
                wait = TimeSpan.FromTicks(Math.Min(RetryMax.Ticks, RetryFirst.Ticks << Math.Min(failed, 20)));
            }

            await news.WaitAsync(wait, stoppingToken);
        }
    }

    private async Task TellAllAsync(CancellationToken cancellation)
    {
        while (await UntoldAsync(cancellation) is { Count: > 0 } untold)
        {
            var opened = await keys.GetAsync(untold.Select(n => n.Customer).ToHashSet(), cancellation);
            foreach (var notice in untold)
            {
                // An erased customer has no consents left to withdraw; an address that has changed since has its own.
                if (opened.TryGetValue(notice.Customer, out var key) && AddressOf(notice, key) is { } address)
                    await TellAsync(notice, address, cancellation);
            }

            var results = await runtime.ExecuteAsync([.. untold.Select(n => Suppression.Tell(n.Customer, n.Id))], cancellation);
            if (results.Any(r => !r.Accepted))
                throw new TimeoutException("A customer's records are parked, so that it cannot be recorded what profile was told.");
        }
    }

    private async Task TellAsync(Notice notice, string address, CancellationToken cancellation)
    {
        var update = new CustomerUpdate { Customer = new Identifiers { Email = address } };
        update.Consents.Add(new Consent { Channel = Module.Name, Purpose = notice.Purpose, State = ConsentState.Withdrawn, Wording = Wording });
        var body = new JsonObject
        {
            ["specversion"] = "1.0",
            ["type"] = CustomerUpdate.Descriptor.FullName,
            ["source"] = "/patron/email",
            ["id"] = notice.Id.ToString("D"),
            ["time"] = notice.Since.UtcDateTime.ToString("O"),
            ["data"] = JsonNode.Parse(JsonFormatter.Default.Format(update)),
        };
        using var client = clients.CreateClient(Client);
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue(ContentType));
        using var answer = await client.PostAsync(EventsPath, content, cancellation);
        answer.EnsureSuccessStatusCode();
    }

    private string? AddressOf(Notice notice, CustomerKey key)
    {
        try
        {
            return Mailbox.Of(key.Unseal(notice.SealedEmail, SealedFields.Email)) is { } address && recipients.Of(address) == notice.Recipient ? address : null;
        }
        catch (Exception fault) when (fault is CryptographicException or FormatException)
        {
            LogUnreadable(log, notice.Customer);
            return null;
        }
    }

    private async Task<List<Notice>> UntoldAsync(CancellationToken cancellation)
    {
        await using var command = runtime.Database.CreateCommand(
            """
            select u.notice, u.customer, u.purpose, u.recipient, u.since, coalesce(c.email, '')
            from untold u left join contacts c on c.customer = u.customer order by u.since limit $1
            """);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = NoticesMax });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var untold = new List<Notice>();
        while (await row.ReadAsync(cancellation))
        {
            untold.Add(new Notice(
                row.GetGuid(0), row.GetGuid(1), row.GetString(2), row.GetString(3), new DateTimeOffset(row.GetDateTime(4), TimeSpan.Zero), row.GetString(5)));
        }

        return untold;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Profile cannot be told of withdrawals now; it is tried again. Their gates are shut.")]
    private static partial void LogPutOff(ILogger log, Exception fault);

    [LoggerMessage(Level = LogLevel.Error, Message = "The sealed address of customer {Customer} cannot be opened, so profile is not told of the withdrawal.")]
    private static partial void LogUnreadable(ILogger log, Guid customer);

    private sealed record Notice(Guid Id, Guid Customer, string Purpose, string Recipient, DateTimeOffset Since, string SealedEmail);
}
