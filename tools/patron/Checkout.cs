namespace Patron.Tool;

/// <summary>The folder of the sources that this program runs from, or the current folder when it runs without them.</summary>
internal sealed record Checkout(string Folder)
{
    /// <summary>What `run` keeps between runs; deleting it loses nothing else.</summary>
    public string StateFolder => Path.Combine(Folder, ".patron");

    public string PostgresFolder => Path.Combine(StateFolder, "postgres");

    public string GlobalJson => Path.Combine(Folder, "global.json");

    public static Checkout Find()
    {
        var current = Directory.GetCurrentDirectory();
        return new Checkout(Above(current) ?? Above(AppContext.BaseDirectory) ?? current);
    }

    private static string? Above(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Patron.slnx")))
                return folder.FullName;
        }

        return null;
    }
}
