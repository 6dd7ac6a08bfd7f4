using System.Text.Json;
using Npgsql;

namespace Patron.Profile;

/// <summary>
/// The attributes that customers can have: built in, and declared by the brand. Every declaration is a version that stays; the newest counts.
/// Kept in memory, so that taking events asks nobody.
/// </summary>
internal sealed class AttributeRegistry(NpgsqlDataSource database)
{
    private volatile AttributeSet current = AttributeSet.OfBuiltIn;

    public AttributeSet Current => current;

    /// <summary>Reads what was declared here or at another instance.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select distinct on (key) document from attribute_definitions order by key, version desc");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var declared = BuiltIn.All.ToDictionary(d => d.Key);
        while (await row.ReadAsync(cancellation))
        {
            var definition = JsonSerializer.Deserialize(row.GetString(0), ConsentJson.Default.AttributeDefinition)!;
            declared[definition.Key] = definition;
        }

        current = new AttributeSet(declared.Values);
    }

    /// <summary>Takes what another process of the brand's said that its attributes are.</summary>
    public void Use(IEnumerable<AttributeDefinition> declared) => current = new AttributeSet(declared);

    /// <summary>Keeps a declaration as the next version, unless it is the newest already. A retry is safe.</summary>
    public async Task DeclareAsync(AttributeDefinition definition, string caller, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            insert into attribute_definitions (key, version, document, declared_by)
            select $1, coalesce(max(version), 0) + 1, $2, $3 from attribute_definitions where key = $1
            having (select d.document from attribute_definitions d where d.key = $1 order by d.version desc limit 1) is distinct from $2
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = definition.Key });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = JsonSerializer.Serialize(definition, ConsentJson.Default.AttributeDefinition) });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = caller });
        await command.ExecuteNonQueryAsync(cancellation);
        await RefreshAsync(cancellation);
    }
}
