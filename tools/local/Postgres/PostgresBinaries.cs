using System.Globalization;

namespace Patron.Local;

/// <summary>An installed PostgreSQL: the folder with its programs and its major version.</summary>
public sealed record PostgresBinaries(string Folder, int Major)
{
    public const int MajorMin = 15;

    private static readonly string[] Needed = ["initdb", "postgres", "pg_ctl"];

    internal string Initdb => Path.Combine(Folder, "initdb");

    internal string Postgres => Path.Combine(Folder, "postgres");

    internal string PgCtl => Path.Combine(Folder, "pg_ctl");

    /// <summary>
    /// The newest installed version, or the one that made an existing cluster. Looks where Debian installs servers, then on PATH.
    /// </summary>
    /// <exception cref="PrivatePostgresException">None fits; the message names what to install.</exception>
    public static async Task<PostgresBinaries> FindAsync(int? major, CancellationToken cancellation)
    {
        var incomplete = new List<string>();
        var found = new List<PostgresBinaries>();
        foreach (var folder in Candidates())
        {
            var missing = Needed.Where(name => !File.Exists(Path.Combine(folder, name))).ToList();
            if (missing.Count == 0)
                found.Add(new PostgresBinaries(folder, await MajorOfAsync(folder, cancellation)));
            else if (missing.Count < Needed.Length)
                incomplete.Add($"{folder} lacks {string.Join(", ", missing)}");
        }

        var best = found.Where(it => it.Major >= MajorMin && (major is null || it.Major == major)).MaxBy(it => it.Major);
        if (best is not null)
            return best;
        var wanted = major is null ? $"PostgreSQL {MajorMin} or later" : $"PostgreSQL {major}, which made the existing cluster,";
        var seen = string.Join("; ", [.. incomplete, .. found.Select(it => $"{it.Folder} is version {it.Major}")]);
        throw new PrivatePostgresException(
            $"{wanted} is not installed{(seen.Length > 0 ? $" ({seen})" : "")}. Install it: sudo apt-get install postgresql-{major ?? MajorMin}");
    }

    private static IEnumerable<string> Candidates()
    {
        const string debian = "/usr/lib/postgresql";
        var folders = Directory.Exists(debian)
            ? Directory.GetDirectories(debian).Select(version => Path.Combine(version, "bin"))
            : [];
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return folders.Concat(path).Distinct();
    }

    private static async Task<int> MajorOfAsync(string folder, CancellationToken cancellation)
    {
        // "postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)"; a beta is "17beta1".
        var output = await Commands.RunAsync([Path.Combine(folder, "postgres"), "--version"], null, cancellation);
        var version = output[(output.IndexOf(") ", StringComparison.Ordinal) + 2)..];
        var digits = new string([.. version.TakeWhile(char.IsAsciiDigit)]);
        return int.Parse(digits, CultureInfo.InvariantCulture);
    }
}
