using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Npgsql;
using Patron.Runtime.Privacy;

namespace Patron.Runtime.Processing;

/// <summary>One thing that a service keeps of a customer.</summary>
/// <param name="Kind"><c>event</c>, <c>row</c>, <c>timer</c> or <c>parked</c>.</param>
/// <param name="Name">The event's stored name, or the table.</param>
/// <param name="At">When it was recorded, in business time; null for rows.</param>
/// <param name="Data">As stored. Sealed fields are opened where the service holds what they are bound to.</param>
public sealed record ExportedItem(string Service, string Kind, string Name, DateTimeOffset? At, JsonObject Data);

/// <summary>Reads what a service keeps of one customer. By construction complete for events: whatever was stored is shown.</summary>
internal sealed class CustomerExport(ServiceDefinition definition, CustomerKey? key)
{
    private const int EventColumns = 3;

    public async IAsyncEnumerable<ExportedItem> ReadAsync(
        NpgsqlDataSource database, Guid customer, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(Sql());
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = customer });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var opener = new SealOpener(definition);
        while (await row.ReadAsync(cancellation))
        {
            var at = row.IsDBNull(2) ? (DateTimeOffset?)null : new DateTimeOffset(row.GetDateTime(2), TimeSpan.Zero);
            var item = new ExportedItem(definition.Name, row.GetString(0), row.GetString(1), at, JsonNode.Parse(row.GetString(EventColumns))!.AsObject());
            if (key is not null)
                opener.Open(item, key);
            yield return item;
        }
    }

    private string Sql() =>
        $"""
        select 'event', e.type, e.time, e.data from (
          select type, time, data from events
          where stream in (select stream from streams where customer = $1 and stream <> customer union all select $1) order by position) e
        {string.Concat(definition.CustomerTables.Where(t => !t.OfProjection).Select(
            t => $"union all select 'row', '{t.Name}', null, to_json(t)::text from {t.Name} t where t.{t.Key} = $1 "))}
        union all select 'timer', t.name, t.due, json_build_object('due', t.due)::text from timers t
          where t.stream in (select stream from streams where customer = $1 and stream <> customer union all select $1)
        union all select 'parked', p.topic, p.parked_at, json_build_object('reason', p.reason, 'record', encode(p.record, 'base64'))::text
          from parked p where p.customer = $1
        """;
}
