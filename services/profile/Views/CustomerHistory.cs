using System.Globalization;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>An event of a customer's own stream.</summary>
internal sealed record PastEvent(int Version, DateTimeOffset RecordedAt, DomainEvent Event);

/// <summary>Reads a customer's events of some kinds back, the newest first, a page at a time.</summary>
internal static class CustomerHistory
{
    public const int EventsMax = 200;

    /// <summary>Who may see personal data as it is has this scope besides <c>read</c>.</summary>
    private const string PersonalScope = "personal";

    /// <param name="names">Stored names, former ones too.</param>
    /// <param name="before">Only older than this version; null from the newest on.</param>
    public static async Task<IReadOnlyList<PastEvent>> ReadAsync(
        ServiceRuntime profile, Guid customer, IReadOnlyList<string> names, int? before, CancellationToken cancellation)
    {
        await using var command = profile.Database.CreateCommand(
            "select version, time, type, data from events where stream = $1 and type = any($2) and version < $3 order by version desc limit $4");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = customer });
        command.Parameters.Add(Statements.Texts(names));
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = before ?? int.MaxValue });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = EventsMax });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var events = new List<PastEvent>();
        while (await row.ReadAsync(cancellation))
        {
            events.Add(new PastEvent(
                row.GetInt32(0), new DateTimeOffset(row.GetDateTime(1), TimeSpan.Zero), CustomerProfile.Events.Read(row.GetString(2), row.GetString(3))));
        }

        return events;
    }

    /// <summary>Where the next page begins, or null when this is the last.</summary>
    public static string? NextOf(IReadOnlyList<PastEvent> events) =>
        events.Count < EventsMax ? null : events[^1].Version.ToString(CultureInfo.InvariantCulture);

    public static bool MaySeePersonal(this HttpContext context) => context.GetApiCaller().Scopes.Contains(PersonalScope);
}
