using System.Runtime.CompilerServices;

namespace Patron.Runtime.Tests.EventLog;

/// <summary>Files that freeze an encoding. They are only ever added to: records with these bytes lie in logs that are never rewritten.</summary>
internal static class Golden
{
    public static string[] Lines(string name) => File.ReadAllLines(Path.Combine(Folder(), name));

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "golden");
}
