using System.Collections.Concurrent;
using System.Text.Json;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using Patron.Segmentation.Rfm;

namespace Patron.Segmentation;

/// <summary>
/// The version of scores in force as this instance knows it. Whoever owns the first partition makes the next one, from the customers of the whole brand, when
/// its time has come, and one with other names when the table of cells was changed; what that moves is the rules' doing and starts no journey.
/// </summary>
internal sealed class ScoreBook(
    SegmentEngine engine, WholeBrand brand, ReadValue value, ValueSettings settings, IServiceProvider services, SystemClock clock,
    ILogger<ScoreBook> logger)
    : StoreFollower("The scores of customers", settings.LookEvery, clock, logger)
{
    public static readonly Runtime.EventStore.Migration Migration = Runtime.EventStore.Migration.Embedded("scores.sql");

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
        if (services.PatronService(Module.Name).OwnedPartitionNumbers.Contains(FirstPartition) && await NextAsync(cancellation) is { } next)
        {
            await AddAsync(next, cancellation);
            await LearnAsync(cancellation);
        }

        // One that could not be executed stays for the next look.
        while (toExecute.TryPeek(out var command))
        {
            await services.PatronService(Module.Name).ExecuteAsync(command, cancellation);
            toExecute.TryDequeue(out _);
        }
    }

    /// <summary>Null while the one in force is right, and while some of the brand's partitions do not answer.</summary>
    private async Task<ScoreVersion?> NextAsync(CancellationToken cancellation)
    {
        var cells = await CellTables.LastAsync(Database, settings, cancellation);
        var (_, parts) = await brand.TallyAsync(new([], [], []), cancellation);
        var today = parts.Parts.Select(part => engine.DayOf(part.AsOf)).DefaultIfEmpty().Max();
        if (engine.Scoring.InForce is { } known && today < known.AsOf.DayNumber + settings.ScoresForDays)
        {
            var isRight = known.CellTable == cells.Revision && known.CellRows.SequenceEqual(cells.Rows);
            return isRight ? null : known with { Version = known.Version + 1, CellTable = cells.Revision, CellRows = cells.Rows };
        }

        if (today <= 0 || !parts.Covered.IsWhole)
            return null;
        var gathered = await brand.CustomersAsync(cancellation);
        var customers = CustomersCopy.Of([.. gathered.Values]);
        return customers.Buyers < CustomersMin || !gathered.Covered.IsWhole
            ? null
            : ScoreVersion.Of(
                (engine.Scoring.InForce?.Version ?? 0) + 1, DateOnly.FromDayNumber(customers.Today), customers.Rfm(), cells,
                await value.ValueAsync(cancellation));
    }

    private async Task AddAsync(ScoreVersion made, CancellationToken cancellation)
    {
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
