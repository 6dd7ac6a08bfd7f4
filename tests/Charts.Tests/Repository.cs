using Patron.Testing;

namespace Patron.Charts.Tests;

/// <summary>Files of the source tree.</summary>
internal static class Repository
{
    public static string Root => NodeTool.SourceFolder("");

    public static string Path(string relative) => NodeTool.SourceFolder(relative);

    public static string Text(string relative) => File.ReadAllText(Path(relative));
}
