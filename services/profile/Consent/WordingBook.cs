using Npgsql;

namespace Patron.Profile;

/// <summary>What people are shown when they are asked. A version's text in a language never changes.</summary>
/// <param name="Version">From 1.</param>
/// <param name="Language">BCP 47.</param>
internal sealed record WordingText(string Wording, int Version, string Language, string Title, string Text);

/// <summary>The registered wordings, kept in memory, so that taking events asks nobody.</summary>
internal sealed class WordingBook(NpgsqlDataSource database)
{
    private volatile IReadOnlyDictionary<(string Wording, int Version, string Language), WordingText> texts =
        new Dictionary<(string, int, string), WordingText>();

    public IEnumerable<WordingText> All => texts.Values;

    public bool Knows(string wording, int version, string language) => texts.ContainsKey((wording, version, language));

    /// <summary>A wording in the language if it has it, else in English or any other.</summary>
    /// <param name="version">0 for the newest.</param>
    public WordingText? Find(string wording, string language, int version = 0)
    {
        var versions = texts.Values.Where(t => t.Wording == wording).ToList();
        var wanted = versions.Where(t => t.Version == (version > 0 ? version : versions.Max(v => v.Version))).ToList();
        return wanted.Find(t => t.Language == language) ?? wanted.Find(t => t.Language == "en") ?? wanted.FirstOrDefault();
    }

    public async Task RefreshAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select wording, version, language, title, body from consent_wordings");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var read = new Dictionary<(string, int, string), WordingText>();
        while (await row.ReadAsync(cancellation))
        {
            var text = new WordingText(row.GetString(0), row.GetInt32(1), row.GetString(2), row.GetString(3), row.GetString(4));
            read[(text.Wording, text.Version, text.Language)] = text;
        }

        texts = read;
    }

    /// <summary>False when this version has another text in this language. A retry is safe.</summary>
    public async Task<bool> AddAsync(WordingText text, string caller, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            insert into consent_wordings (wording, version, language, title, body, added_by) values ($1, $2, $3, $4, $5, $6)
            on conflict (wording, version, language) do nothing
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = text.Wording });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = text.Version });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = text.Language });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = text.Title });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = text.Text });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = caller });
        await command.ExecuteNonQueryAsync(cancellation);
        await RefreshAsync(cancellation);
        return texts.TryGetValue((text.Wording, text.Version, text.Language), out var kept) && kept == text;
    }
}
