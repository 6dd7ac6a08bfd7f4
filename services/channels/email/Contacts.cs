using Npgsql;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Channels.Email;

/// <summary>Where and how to address a customer, sealed. An empty text means that nothing is known.</summary>
internal sealed record SealedContact(string GivenName, string FamilyName, string Email, string Language);

/// <summary>Keeps the newest state of each customer; an older version loses, a tombstone deletes.</summary>
internal sealed class ContactRows : IBatchEffect
{
    public void Apply(IReadOnlyList<ConsumedFact> facts, NpgsqlBatch transaction)
    {
        var gone = facts.Where(f => f.Value is null).Select(f => f.Context.Customer).ToHashSet();
        if (gone.Count > 0)
            Statements.Add(transaction, "delete from contacts where customer = any($1)", Statements.Uuids(gone));
        var newest = new Dictionary<Guid, CustomerState>();
        foreach (var fact in facts)
        {
            var customer = fact.Context.Customer;
            if (fact.Value is not { } value)
                newest.Remove(customer);
            else if (CustomerState.Parser.ParseFrom(value.Span) is var state && (!newest.TryGetValue(customer, out var other) || state.Version > other.Version))
                newest[customer] = state;
        }

        if (newest.Count == 0)
            return;
        Statements.Add(
            transaction,
            """
            insert into contacts as c (customer, version, given_name, family_name, email, language)
            select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])
            on conflict (customer) do update set version = excluded.version, given_name = excluded.given_name,
              family_name = excluded.family_name, email = excluded.email, language = excluded.language
            where excluded.version > c.version
            """,
            Statements.Uuids(newest.Keys),
            Statements.Bigints(newest.Values.Select(s => s.Version)),
            Statements.Texts(newest.Values.Select(s => s.SealedGivenName)),
            Statements.Texts(newest.Values.Select(s => s.SealedFamilyName)),
            Statements.Texts(newest.Values.Select(s => s.SealedEmail)),
            Statements.Texts(newest.Values.Select(s => s.SealedLanguage)));
    }
}
