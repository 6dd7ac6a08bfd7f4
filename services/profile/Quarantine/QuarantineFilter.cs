using Npgsql;
using NpgsqlTypes;

namespace Patron.Profile;

/// <summary>Which quarantined records are meant; what is null does not matter.</summary>
/// <param name="State"><c>waiting</c>, <c>replayed</c> or <c>expired</c>.</param>
/// <param name="Reason">A pointer of one of the reasons; a star stands for any position in an array, as in <c>/data/lines/*/quantity</c>.</param>
/// <param name="Day">In UTC, of business time, on which a record was put aside.</param>
/// <param name="Before">Only records older than this one.</param>
/// <param name="After">Only records newer than this one.</param>
internal sealed record QuarantineFilter(
    string? State = null, string? Type = null, string? Reason = null, DateOnly? Day = null, Guid? Before = null, Guid? After = null)
{
    /// <summary>Takes the first six parameters.</summary>
    public const string Condition =
        """
        ($1::text is null or q.state = $1) and ($2::text is null or q.type = $2) and ($3::date is null or q.key_day = $3)
        and ($4::uuid is null or q.id < $4) and ($5::uuid is null or q.id > $5)
        and ($6::text is null or exists (
          select 1 from json_array_elements(q.reasons::json) r
          where r ->> 'pointer' = $6 or regexp_replace(r ->> 'pointer', '/\d+(?=/|$)', '/*', 'g') = $6))
        """;

    public NpgsqlParameter[] Parameters() =>
    [
        Of(State, NpgsqlDbType.Text), Of(Type, NpgsqlDbType.Text), Of(Day, NpgsqlDbType.Date), Of(Before, NpgsqlDbType.Uuid), Of(After, NpgsqlDbType.Uuid),
        Of(Reason, NpgsqlDbType.Text),
    ];

    private static NpgsqlParameter Of(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}
