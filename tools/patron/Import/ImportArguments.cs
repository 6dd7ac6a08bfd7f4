using System.Globalization;
using Patron.Profile;

namespace Patron.Tool.Import;

/// <summary>What <c>patron import</c> was asked for.</summary>
internal sealed record ImportArguments(
    string File, ImportOptions Options, bool DryRun, bool Resume, Uri Address, string? Key, string ErrorFile, string MapText)
{
    public const string Usage = """
        patron import <file> [--kind customers|purchases|products|stores] [--map map.json | --map column=field,...] [--source /import/...]
                      [--dry-run] [--resume] [--url http://127.0.0.1:8080] [--key ...] [--encoding gb18030] [--format csv|ndjson]
                      [--time 2024-03-01T00:00:00Z] [--zone Asia/Hong_Kong] [--errors file]
        The kind is what the file is called by default, the key what PATRON_API_KEY says. 'text'=field fills a field in every row.
        """;

    private const string KeyVariable = "PATRON_API_KEY";
    private static readonly string[] Switches = ["--dry-run", "--resume"];

    private static readonly string[] Values =
        ["--kind", "--map", "--source", "--url", "--key", "--encoding", "--format", "--time", "--zone", "--errors"];

    public string StateFile => File + ".import-state";

    /// <exception cref="FormatException">An argument is wrong; the message says which.</exception>
    public static ImportArguments Read(string[] arguments)
    {
        var (file, given) = Parse(arguments);
        if (!System.IO.File.Exists(file))
            throw new FormatException($"There is no file {file}.");
        var kind = KindOf(given.GetValueOrDefault("--kind"), file);
        var map = MapOf(given.GetValueOrDefault("--map"));
        var address = given.GetValueOrDefault("--url") ?? "http://127.0.0.1:8080";
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            throw new FormatException($"--url is no address: {address}");
        var format = given.GetValueOrDefault("--format");
        if (format is not (null or "csv" or "ndjson"))
            throw new FormatException("--format is csv or ndjson.");
        var options = new ImportOptions(
            kind, map, given.GetValueOrDefault("--encoding"), format, given.GetValueOrDefault("--source") ?? $"/import/{kind.Name}",
            TimeOf(given.GetValueOrDefault("--time"), file), ZoneOf(given.GetValueOrDefault("--zone")));
        return new ImportArguments(
            file, options, given.ContainsKey("--dry-run"), given.ContainsKey("--resume"), url,
            given.GetValueOrDefault("--key") ?? Environment.GetEnvironmentVariable(KeyVariable),
            given.GetValueOrDefault("--errors") ?? Path.ChangeExtension(file, null) + ".errors" + Path.GetExtension(file), map?.ToString() ?? "");
    }

    private static (string File, Dictionary<string, string> Given) Parse(string[] arguments)
    {
        string? file = null;
        var given = new Dictionary<string, string>();
        for (var i = 0; i < arguments.Length; i++)
        {
            var argument = arguments[i];
            if (Switches.Contains(argument))
                given[argument] = "";
            else if (Values.Contains(argument) && i + 1 < arguments.Length)
                given[argument] = arguments[++i];
            else if (argument.StartsWith("--", StringComparison.Ordinal) || file is not null)
                throw new FormatException($"patron import does not know '{argument}'.\n{Usage}");
            else
                file = argument;
        }
        return (file ?? throw new FormatException($"Name a file.\n{Usage}"), given);
    }

    private static RowKind KindOf(string? wanted, string file)
    {
        var name = wanted ?? Path.GetFileName(file);
        return RowKind.All.FirstOrDefault(k => wanted is null ? name.StartsWith(k.Name, StringComparison.OrdinalIgnoreCase) : k.Name == name)
            ?? throw new FormatException($"Say what the rows are: --kind {string.Join(" or ", RowKind.All.Select(k => k.Name))}.");
    }

    private static ColumnMap? MapOf(string? text) => text is null ? null
        : ColumnMap.Parse(text.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && !text.Contains('=', StringComparison.Ordinal)
            ? System.IO.File.ReadAllText(text) : text);

    // The file's own time, so that a second run over the same file tells the same events.
    private static DateTimeOffset TimeOf(string? text, string file)
    {
        if (text is not null)
        {
            return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
                ? time : throw new FormatException($"--time is no time such as 2024-03-01T00:00:00Z: {text}");
        }
        var written = System.IO.File.GetLastWriteTimeUtc(file);
        return new DateTimeOffset(written.Ticks - (written.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
    }

    private static TimeZoneInfo? ZoneOf(string? name)
    {
        if (name is null)
            return null;
        return TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone)
            ? zone : throw new FormatException($"--zone is no zone such as Asia/Hong_Kong: {name}");
    }
}
