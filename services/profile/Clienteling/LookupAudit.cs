using Npgsql;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>A lookup that is about to be answered.</summary>
/// <param name="Caller">The name of the API key.</param>
/// <param name="Way">phone, card, email or qr.</param>
internal sealed record LookupAudit(DateTimeOffset At, string Caller, string Way);

/// <param name="Id">Grows with time.</param>
/// <param name="Customer">Whom they were shown; null when nobody was found.</param>
internal sealed record LookupKept(long Id, DateTimeOffset At, string Caller, string Way, Guid? Customer);

/// <summary>Shows who looked customers up, newest first: all, or those of one customer.</summary>
internal static class ShowLookups
{
    private const int LookupsMax = 500;

    public static void Map(WebApplication app) => app.MapGet("/v1/clienteling/lookups", ReadAsync).RequireApiKey("operate");

    private static async Task<IResult> ReadAsync(
        Guid? customer, long? before, [FromKeyedServices(Module.Name)] ServiceRuntime profile, CancellationToken cancellation)
    {
        await using var command = profile.Database.CreateCommand(customer is null
            ? "select id, at, caller, way, customer from clienteling_lookups where id < $1 order by id desc limit $2"
            : "select id, at, caller, way, customer from clienteling_lookups where customer = $3 and id < $1 order by id desc limit $2");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = before ?? long.MaxValue });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = LookupsMax });
        if (customer is { } one)
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = one });
        var lookups = new List<LookupKept>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            lookups.Add(new LookupKept(
                row.GetInt64(0), StoryRows.TimeOf(row, 1), row.GetString(2), row.GetString(3), row.IsDBNull(4) ? null : row.GetGuid(4)));
        }
        return TypedResults.Json<IReadOnlyList<LookupKept>>(lookups, ViewJson.Default.IReadOnlyListLookupKept);
    }
}
