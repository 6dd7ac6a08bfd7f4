using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Patron.History;

/// <summary>The tables of names.txt.</summary>
internal static class SyntheticNames
{
    private const string Resource = "names.txt";

    private static readonly FrozenDictionary<string, Group> Groups = Read();

    /// <summary>A name in its own script and in small ASCII letters.</summary>
    internal readonly record struct Name(string Text, string Latin);

    internal sealed record Group(Name[] Given, Name[] Family);

    public static Group Of(string group) => Groups[group];

    private static FrozenDictionary<string, Group> Read()
    {
        using var stream = typeof(SyntheticNames).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The resource {Resource} is missing from this build.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var groups = new Dictionary<string, Group>(StringComparer.Ordinal);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('['))
                groups.Add(line[1..^1], new Group(ReadNames(reader, "given "), ReadNames(reader, "family ")));
        }

        return groups.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static Name[] ReadNames(StreamReader reader, string label)
    {
        var line = reader.ReadLine();
        return line?.StartsWith(label, StringComparison.Ordinal) == true
            ? [.. line[label.Length..].Split(' ').Select(ReadName)]
            : throw new InvalidDataException($"{Resource} has '{line}' where a line '{label}' belongs.");
    }

    private static Name ReadName(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? new Name(text, Latin(text)) : new Name(text[..slash], text[(slash + 1)..]);
    }

    private static string Latin(string text)
    {
        var latin = new StringBuilder();
        foreach (var c in text.Normalize(NormalizationForm.FormD).ToLower(CultureInfo.InvariantCulture))
        {
            latin.Append(c switch
            {
                'ß' => "ss",
                'æ' => "ae",
                'ø' => "o",
                'ł' => "l",
                'ð' => "d",
                'þ' => "th",
                _ when char.IsAsciiLetterLower(c) => c.ToString(),
                _ => "",
            });
        }

        return latin.ToString();
    }
}
