using Npgsql;
using Patron.Contracts;
using Patron.Contracts.Profile.V1;
using Patron.Contracts.Segmentation.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;

namespace Patron.Loyalty;

/// <summary>Which segments customers are in, from the facts of segmentation: backtests show what a change means to each. It decides nothing.</summary>
internal static class SegmentMembers
{
    private const string Name = "segment_members";

    private const string Tables = """
        create table segment_members (
          customer uuid not null,
          segment text not null,
          primary key (customer, segment)
        );
        """;

    public static Projection Projection { get; } = Projection.OfTopics(Name, 1, Tables, [new(Topics.Segmentation), new(Topics.Profile)], Apply);

    public static CustomerTable Table { get; } = new(Name) { OfProjection = true };

    /// <summary>The segments of these customers; null while the view is first built.</summary>
    public static async Task<ILookup<Guid, string>?> OfAsync(NpgsqlDataSource database, IReadOnlyCollection<Guid> customers, CancellationToken cancellation)
    {
        await using var exists = database.CreateCommand("select to_regclass('segment_members') is not null");
        if (await exists.ExecuteScalarAsync(cancellation) is not true)
            return null;
        await using var command = database.CreateCommand("select customer, segment from segment_members where customer = any($1)");
        command.Parameters.Add(Statements.Uuids(customers));
        var members = new List<(Guid Customer, string Segment)>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            members.Add((row.GetGuid(0), row.GetString(1)));
        return members.ToLookup(member => member.Customer, member => member.Segment);
    }

    private static void Apply(IReadOnlyList<ConsumedFact> facts, NpgsqlBatch transaction)
    {
        var last = new Dictionary<(Guid Customer, string Segment), bool>();
        var erased = new HashSet<Guid>();
        foreach (var fact in facts)
        {
            if (fact.Value is not { } value)
                continue;
            if (fact.Context.Envelope.Type == SegmentEntered.Descriptor.FullName)
                last[(fact.Context.Customer, SegmentEntered.Parser.ParseFrom(value.Span).Segment)] = true;
            else if (fact.Context.Envelope.Type == SegmentLeft.Descriptor.FullName)
                last[(fact.Context.Customer, SegmentLeft.Parser.ParseFrom(value.Span).Segment)] = false;
            else if (fact.Context.Envelope.Type == CustomerErased.Descriptor.FullName)
                erased.UnionWith([fact.Context.Customer, .. CustomerErased.Parser.ParseFrom(value.Span).Aliases.Select(alias => Guid.ParseExact(alias, "D"))]);
        }

        var entered = last.Where(move => move.Value).Select(move => move.Key).ToList();
        var left = last.Where(move => !move.Value).Select(move => move.Key).ToList();
        if (entered.Count > 0)
        {
            Statements.Add(
                transaction, "insert into segment_members (customer, segment) select * from unnest($1::uuid[], $2::text[]) on conflict do nothing",
                Statements.Uuids(entered.Select(move => move.Customer)), Statements.Texts(entered.Select(move => move.Segment)));
        }

        if (left.Count > 0)
        {
            Statements.Add(
                transaction,
                """
                delete from segment_members m using unnest($1::uuid[], $2::text[]) l (customer, segment)
                where m.customer = l.customer and m.segment = l.segment
                """,
                Statements.Uuids(left.Select(move => move.Customer)), Statements.Texts(left.Select(move => move.Segment)));
        }

        if (erased.Count > 0)
            Statements.Add(transaction, "delete from segment_members where customer = any($1)", Statements.Uuids(erased));
    }
}
