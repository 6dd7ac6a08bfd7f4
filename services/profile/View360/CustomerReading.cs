using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>Who is wanted: by id, or by an identifier that touchpoints know them by.</summary>
internal readonly record struct Wanted(Guid? Customer, IdentifierHash? Identifier = null);

/// <summary>A customer as read: every id that is one person now, under the id that remains.</summary>
/// <param name="Profile">Profile's own state of the remaining id, sealed.</param>
/// <param name="Key">Null when it was destroyed.</param>
/// <param name="Freshness">Topic to the position up to which the summary shows this customer's partition; null while there is no view yet.</param>
internal sealed record CustomerRead(
    Guid Id, IReadOnlyList<Guid> Aliases, CustomerProfile Profile, CustomerKey? Key, CustomerSummary Summary,
    IReadOnlyDictionary<string, long>? Freshness)
{
    /// <summary>By profile's own word from the erasure on; the summary says so for facts that were published without it.</summary>
    public bool IsErased => Profile.Erasure is not null || Summary.Erased;
}

/// <summary>Reads everything that is shown of a customer with one query.</summary>
internal sealed class CustomerReading(ServiceRuntime profile, CustomerVault vault)
{
    private const string Who = "select coalesce($1, (select customer from identifiers where kind = $2 and hash = $3))";

    private const string Keep = "insert into clienteling_lookups (at, caller, way, customer) select";

    // The id that remains of whoever was asked for: profile's own word, so it holds from the merge on.
    private const string Root = $"""
        who (customer) as ({Who}), root (customer) as (
          select coalesce(a.root, w.customer) from who w left join aliases a on a.node = w.customer
        )
        """;

    private const string People = $"""
        {Root}, members (customer, depth) as (
          select customer, 0 from root
          union all
          select a.node, m.depth + 1 from members m join aliases a on a.parent = m.customer
        )
        """;

    private const string Selected = """
        select m.customer, m.depth = 0, s.shape, s.state, v.summary, k.wrapped, f.topics, f.positions
        from members m
        left join streams s on s.stream = m.customer
        left join customer360 v on v.customer = m.customer
        left join vault.customer_keys k on k.customer = m.customer
        left join lateral (
          select array_agg(t.topic order by t.topic) topics, array_agg(o.position order by t.topic) positions
          from projections p cross join unnest($4::text[]) t (topic)
          join offsets o on o.topic = p.name || '_g' || p.generation || '/' || t.topic and o.partition = s.partition
          where m.depth = 0 and p.name = 'customer360' and p.state = 'live') f on true
        order by m.depth, m.customer
        """;

    private const string ReadSql = $"with recursive {People} {Selected}";

    /// <summary>Who asked is kept in the same statement, so that nobody is shown whose showing is not on record.</summary>
    private const string AuditedSql = $"with recursive {People}, kept as ({Keep} $5, $6, $7, customer from root) {Selected}";

    private const string RootSql = $"with {Root} select customer from root";

    private const string AuditedRootSql = $"with {Root}, kept as ({Keep} $4, $5, $6, customer from root) select customer from root";

    private static readonly string[] Topics = [.. ViewedFacts.Topics.Select(t => t.Name)];

    /// <summary>The customer, or null when nobody is known so. A merged one is answered as the customer that remains.</summary>
    /// <param name="audit">Whose lookup is to be kept, if any.</param>
    public async Task<CustomerRead?> FindAsync(Wanted wanted, LookupAudit? audit, CancellationToken cancellation)
    {
        try
        {
            return await QueryAsync(wanted, audit, cancellation);
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return await OwnPartAsync(wanted, audit, cancellation);
        }
    }

    private async Task<CustomerRead?> QueryAsync(Wanted wanted, LookupAudit? audit, CancellationToken cancellation)
    {
        await using var command = profile.Database.CreateCommand(audit is null ? ReadSql : AuditedSql);
        AddWanted(command.Parameters, wanted);
        command.Parameters.Add(Statements.Texts(Topics));
        AddAudit(command.Parameters, audit);
        var members = new List<Member>(1);
        IReadOnlyDictionary<string, long>? freshness = null;
        await using (var row = await command.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation) && !row.IsDBNull(0))
            {
                members.Add(MemberOf(row));
                if (!row.IsDBNull(6))
                    freshness = row.GetFieldValue<string[]>(6).Zip(row.GetFieldValue<long[]>(7)).ToDictionary(p => p.First, p => p.Second);
            }
        }

        for (var i = 0; i < members.Count; i++)
        {
            if (members[i].IsOtherShape)
                members[i] = members[i] with { Profile = await profile.StateAsync(CustomerProfile.Kind, members[i].Id, cancellation) };
        }

        if (members is not [{ Profile: { Registered: true } own } root, .. var absorbed])
            return null;
        return new CustomerRead(
            root.Id, [.. absorbed.Select(m => m.Id)], own, await vault.OpenAsync(root.Id, root.Key, cancellation),
            MergedSummary.Of(root.Summary, [.. absorbed.Select(m => m.Summary)]), freshness);
    }

    /// <summary>While the view is built for the first time there is only what profile itself knows.</summary>
    private async Task<CustomerRead?> OwnPartAsync(Wanted wanted, LookupAudit? audit, CancellationToken cancellation)
    {
        await using var command = profile.Database.CreateCommand(audit is null ? RootSql : AuditedRootSql);
        AddWanted(command.Parameters, wanted);
        AddAudit(command.Parameters, audit);
        if (await command.ExecuteScalarAsync(cancellation) is not Guid customer
            || await profile.StateAsync(CustomerProfile.Kind, customer, cancellation) is not { Registered: true } own)
            return null;
        var keys = await vault.GetAsync([customer], cancellation);
        return new CustomerRead(customer, [.. own.LinksOrNone.Nodes()], own, keys.GetValueOrDefault(customer), CustomerSummary.None, null);
    }

    private static Member MemberOf(NpgsqlDataReader row)
    {
        var id = row.GetGuid(0);
        var isOtherShape = !row.IsDBNull(2) && row.GetInt32(2) != CustomerProfile.Kind.Shape;
        return new Member(
            id,
            row.IsDBNull(3) || isOtherShape ? null : JsonSerializer.Deserialize(row.GetString(3), ProfileJson.Default.CustomerProfile),
            isOtherShape,
            row.IsDBNull(4) ? CustomerSummary.None : CustomerProjection.Read(row.GetString(4)),
            row.IsDBNull(5) ? null : row.GetFieldValue<byte[]>(5));
    }

    private static void AddWanted(NpgsqlParameterCollection parameters, Wanted wanted)
    {
        parameters.Add(new NpgsqlParameter { Value = (object?)wanted.Customer ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        parameters.Add(new NpgsqlParameter { Value = wanted.Identifier is { } i ? (short)i.Kind : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Smallint });
        parameters.Add(new NpgsqlParameter { Value = wanted.Identifier is { } h ? h.Hash : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
    }

    private static void AddAudit(NpgsqlParameterCollection parameters, LookupAudit? audit)
    {
        if (audit is null)
            return;
        parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = audit.At.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = audit.Caller });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = audit.Way });
    }

    private sealed record Member(Guid Id, CustomerProfile? Profile, bool IsOtherShape, CustomerSummary Summary, byte[]? Key);
}
