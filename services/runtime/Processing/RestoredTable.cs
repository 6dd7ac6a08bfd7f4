using Npgsql;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>A reader's crossing to another life of a producer's store.</summary>
internal readonly record struct Crossing(string Topic, int Partition, Guid StoreEpoch, long Shared, long Reached);

/// <summary>Which lives of producers' stores an operator accepted, and where each partition went over to them.</summary>
internal sealed class RestoredTable(NpgsqlDataSource database)
{
    /// <summary>Keeps who accepted a life and why; a repeat changes nothing.</summary>
    public async Task AcceptAsync(string topic, Guid storeEpoch, string who, string why, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "insert into accepted_lives (topic, store_epoch, who, why) values ($1, $2, $3, $4) on conflict do nothing");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = topic });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = storeEpoch });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = who });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = why });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>
    /// Keeps where a partition crosses, when an operator has accepted that life; false when nobody has. What was reached first stays, so a
    /// crossing that is repeated after a crash is the same.
    /// </summary>
    public async Task<bool> TryCrossAsync(ForeignLife life, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            with accepted as (select from accepted_lives where topic = $1 and store_epoch = $3),
            kept as (
              insert into crossings (topic, partition, store_epoch, former_epoch, shared, reached)
              select $1, $2, $3, $4, $5, $6 from accepted on conflict do nothing)
            select exists (select from accepted)
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = life.Topic.Name });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)life.Partition });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = life.First.StoreEpoch });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = life.Place.StoreEpoch ?? Guid.Empty });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = life.Shared });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = life.Place.Position });
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    public async Task<IReadOnlyList<Crossing>> CrossingsAsync(IEnumerable<int> partitions, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select topic, partition, store_epoch, shared, reached from crossings where partition = any($1) order by crossed_at");
        command.Parameters.Add(Statements.Smallints(partitions));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var crossings = new List<Crossing>();
        while (await row.ReadAsync(cancellation))
            crossings.Add(new Crossing(row.GetString(0), row.GetInt16(1), row.GetGuid(2), row.GetInt64(3), row.GetInt64(4)));
        return crossings;
    }
}
