using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;

namespace Patron.Channels.Email;

/// <summary>
/// Profile's door: what it has recorded as withdrawn shuts the gate ahead of the fact, and the answer comes when no mail is being handed over any
/// more, so that profile can say to the person that it is in force. A repeat is safe; a newer consent that is known here stays.
/// </summary>
internal static class WithdrawalDoor
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(20);

    public static void Map(WebApplication app) =>
        app.MapPost(ConsentDoor.PathOf(Module.Name), TakeAsync).RequireApiKey("write");

    private static async Task<IResult> TakeAsync(
        WithdrawnConsents told, Gate gate, EmailSettings settings, SystemClock systemTime, CancellationToken cancellation)
    {
        if (told.Consents is null or { Count: 0 or > ConsentDoor.ConsentsMax })
            return Problem.Invalid(new FieldError("/consents", $"Name 1 to {ConsentDoor.ConsentsMax} consents."));
        await gate.ShutAsync(told, cancellation);
        var until = systemTime.GetUtcNow() + settings.Smtp.Timeout;
        bool calling;
        while ((calling = await gate.IsCallingAsync(told, cancellation)) && systemTime.GetUtcNow() < until)
            await Task.Delay(LookAgainAfter, systemTime, cancellation);
        return TypedResults.Json(new DoorShut(!calling), ConsentDoorJson.Default.DoorShut);
    }

    private static async Task ShutAsync(this Gate gate, WithdrawnConsents told, CancellationToken cancellation)
    {
        await using var command = gate.Database.CreateCommand(
            """
            insert into consents as c (customer, purpose, granted, pending, version, changed_at)
            select $1, purpose, false, false, version, changed_at from unnest($2::text[], $3::bigint[], $4::timestamptz[]) w (purpose, version, changed_at)
            on conflict (customer, purpose) do update set granted = false, pending = false, version = excluded.version, changed_at = excluded.changed_at
            where excluded.version > c.version
            """);
        var newest = told.Consents.GroupBy(c => c.Purpose).Select(p => p.MaxBy(c => c.Version)!).ToList();
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = told.Customer });
        command.Parameters.Add(Statements.Texts(newest.Select(c => c.Purpose)));
        command.Parameters.Add(Statements.Bigints(newest.Select(c => c.Version)));
        command.Parameters.Add(Statements.Times(newest.Select(c => c.ChangedAt)));
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task<bool> IsCallingAsync(this Gate gate, WithdrawnConsents told, CancellationToken cancellation)
    {
        await using var command = gate.Database.CreateCommand(
            "select exists (select 1 from outbox where attempt is not null and customer = $1 and purpose = any($2))");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = told.Customer });
        command.Parameters.Add(Statements.Texts(told.Consents.Select(c => c.Purpose)));
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
