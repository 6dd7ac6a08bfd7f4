using NUnit.Framework;

namespace Patron.Testing;

/// <summary>
/// Files that freeze an encoding, compared exactly. A test run writes them only when the environment variable PATRON_RECORD_GOLDEN is 1, and
/// what it wrote is then read before it is committed.
/// </summary>
/// <param name="folder">Absolute path; created when recording.</param>
public sealed class GoldenFolder(string folder)
{
    public const string Variable = "PATRON_RECORD_GOLDEN";

    public static bool Recording => Environment.GetEnvironmentVariable(Variable) == "1";

    /// <summary>File names, sorted.</summary>
    public IReadOnlyList<string> Names =>
        Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder).Select(it => Path.GetFileName(it)).Order(StringComparer.Ordinal)] : [];

    public string PathOf(string name) => Path.Combine(folder, name);

    public string Read(string name) => File.ReadAllText(PathOf(name));

    /// <summary>Fails when the file is missing or holds another text; when recording, writes it.</summary>
    public void Verify(string name, string text)
    {
        if (Recording)
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(PathOf(name), text);
        }

        Assert.That(PathOf(name), Does.Exist, $"Nothing freezes this yet. Record it with {Variable}=1 and commit the file.");
        Assert.That(Read(name), Is.EqualTo(text), $"{name} froze another encoding. If the change is compatible, record it with {Variable}=1.");
    }
}
