using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;

namespace Patron.Segmentation.Personas;

/// <summary>What was measured on a day of the brand.</summary>
internal sealed record DayMeasurement(DateOnly Day, Measurement Measurement);

/// <summary>The tables of personas, to which rows are only ever added, which the database itself sees to.</summary>
internal static class PersonaTable
{
    public static Migration Migration { get; } = Migration.Embedded("personas.sql");

    /// <summary>The last version of every persona, by name.</summary>
    public static Task<IReadOnlyList<StoredPersona>> AllAsync(NpgsqlDataSource database, CancellationToken cancellation) => ReadAsync(
        database, "select distinct on (name) name, version, document, put_at, put_by from persona_definitions order by name, version desc", cancellation);

    /// <summary>The versions of a persona, ascending; none when there is no such persona.</summary>
    public static Task<IReadOnlyList<StoredPersona>> VersionsAsync(NpgsqlDataSource database, string name, CancellationToken cancellation) => ReadAsync(
        database, "select name, version, document, put_at, put_by from persona_definitions where name = $1 order by version", cancellation,
        new NpgsqlParameter<string> { TypedValue = name });

    /// <summary>The last versions of those that were put before a moment and have no measurement of a day.</summary>
    public static Task<IReadOnlyList<StoredPersona>> UnmeasuredAsync(
        NpgsqlDataSource database, DateOnly day, DateTimeOffset before, CancellationToken cancellation) => ReadAsync(
        database,
        """
        select distinct on (name) name, version, document, put_at, put_by from persona_definitions d
        where put_at <= $2 and not exists (select from persona_measurements m where m.name = d.name and m.day = $1) order by name, version desc
        """,
        cancellation,
        new NpgsqlParameter<DateOnly> { TypedValue = day },
        new NpgsqlParameter<DateTime> { TypedValue = before.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });

    /// <summary>False when there is such a version already.</summary>
    public static async Task<bool> TryAddAsync(NpgsqlDataSource database, StoredPersona added, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "insert into persona_definitions (name, version, document, put_at, put_by) values ($1, $2, $3, $4, $5) on conflict do nothing");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = added.Name });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = added.Version });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Document(added.Persona) });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = added.PutAt.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = added.PutBy });
        return await command.ExecuteNonQueryAsync(cancellation) == 1;
    }

    /// <summary>Adds a day's measurement. Where another instance was first, its own stays.</summary>
    public static async Task AddAsync(NpgsqlDataSource database, DayMeasurement measured, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "insert into persona_measurements (name, day, version, document) values ($1, $2, $3, $4) on conflict do nothing");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = measured.Measurement.Persona });
        command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = measured.Day });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = measured.Measurement.Version });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = JsonSerializer.Serialize(measured.Measurement, PersonaJson.Default.Measurement) });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>What was measured of a persona between two days, these included, by day.</summary>
    public static Task<IReadOnlyList<DayMeasurement>> HistoryAsync(
        NpgsqlDataSource database, string name, DateOnly from, DateOnly to, CancellationToken cancellation) => MeasurementsAsync(
        database, "select day, document from persona_measurements where name = $1 and day between $2 and $3 order by day", cancellation,
        new NpgsqlParameter<string> { TypedValue = name }, new NpgsqlParameter<DateOnly> { TypedValue = from },
        new NpgsqlParameter<DateOnly> { TypedValue = to });

    /// <summary>The last measurement of every persona that has one.</summary>
    public static Task<IReadOnlyList<DayMeasurement>> LatestAsync(NpgsqlDataSource database, CancellationToken cancellation) =>
        MeasurementsAsync(database, "select distinct on (name) day, document from persona_measurements order by name, day desc", cancellation);

    public static string Document(Persona persona) => JsonSerializer.Serialize(persona, PersonaJson.Default.Persona);

    private static async Task<IReadOnlyList<DayMeasurement>> MeasurementsAsync(
        NpgsqlDataSource database, string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        var found = new List<DayMeasurement>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            found.Add(new(row.GetFieldValue<DateOnly>(0), JsonSerializer.Deserialize(row.GetString(1), PersonaJson.Default.Measurement)!));
        return found;
    }

    private static async Task<IReadOnlyList<StoredPersona>> ReadAsync(
        NpgsqlDataSource database, string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        var found = new List<StoredPersona>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            found.Add(new(
                row.GetString(0), row.GetInt32(1), JsonSerializer.Deserialize(row.GetString(2), PersonaJson.Default.Persona)!,
                new DateTimeOffset(row.GetDateTime(3), TimeSpan.Zero), row.GetString(4)));
        }

        return found;
    }
}
