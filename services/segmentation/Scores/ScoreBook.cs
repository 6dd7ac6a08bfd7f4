using System.Collections.Concurrent;
using System.Text.Json;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Segmentation;

/// <summary>
/// The version of scores in force as this instance knows it. Whoever owns the first partition makes the next one when its time has come; what that
/// moves is the rules' doing and starts no journey.
/// </summary>
internal sealed class ScoreBook(
    SegmentEngine engine, ReadValue value, ValueSettings settings, IServiceProvider services, SystemClock clock, ILogger<ScoreBook> logger)
    : StoreFollower("The scores of customers", settings.LookEvery, clock, logger)
{
    public static readonly Migration Migration = Migration.Embedded("scores.sql");

    /// <summary>Quintiles of fewer say nothing.</summary>
    private const int CustomersMin = 25;

    private const int FirstPartition = 0;
    private readonly ConcurrentQueue<Command> toExecute = new();

    private NpgsqlDataSource Database => services.PatronService(Module.Name).Database;

    /// <summary>Learns the newest version, for a partition that is being loaded.</summary>
    public Task LearnAsync(CancellationToken cancellation) => AloneAsync(
        async () =>
        {
            if (await NewestAsync(cancellation) is { } newest && newest.Version > (engine.Scoring.InForce?.Version ?? 0))
            {
                foreach (var command in engine.Rescore(newest, services.GetRequiredService<BusinessClock>().GetUtcNow()))
                    toExecute.Enqueue(command);
            }
        },
        cancellation);

    protected override async Task LookAsync(CancellationToken cancellation)
    {
        await LearnAsync(cancellation);
        if (IsDue())
        {
            await MakeAsync(cancellation);
            await LearnAsync(cancellation);
        }

        // One that could not be executed stays for the next look.
        while (toExecute.TryPeek(out var command))
        {
            await services.PatronService(Module.Name).ExecuteAsync(command, cancellation);
            toExecute.TryDequeue(out _);
        }
    }

    private bool IsDue()
    {
        var owned = services.PatronService(Module.Name).OwnedPartitionNumbers;
        return owned.Contains(FirstPartition) && engine.Extent(owned).Today is > 0 and var today
            && !(today < engine.Scoring.InForce?.AsOf.DayNumber + settings.ScoresForDays);
    }

    private async Task MakeAsync(CancellationToken cancellation)
    {
        var customers = engine.CopyCustomers(services.PatronService(Module.Name).OwnedPartitionNumbers);
        if (customers.Buyers < CustomersMin)
            return;
        var made = ScoreVersion.Of(
            (engine.Scoring.InForce?.Version ?? 0) + 1, DateOnly.FromDayNumber(customers.Today), customers.Rfm(), await value.ValueAsync(cancellation));
        await using var command = Database.CreateCommand("insert into score_versions (version, document) values ($1, $2) on conflict do nothing");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = made.Version });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = JsonSerializer.Serialize(made, ValueJson.Default.ScoreVersion) });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private async Task<ScoreVersion?> NewestAsync(CancellationToken cancellation)
    {
        await using var command = Database.CreateCommand("select document from score_versions order by version desc limit 1");
        return await command.ExecuteScalarAsync(cancellation) is string document ? JsonSerializer.Deserialize(document, ValueJson.Default.ScoreVersion) : null;
    }
}
