using System.Globalization;
using System.Text;
using Patron.Testing;
using Patron.Tool.Import;

namespace Patron.Services.Tests.Profile.Import;

/// <summary>A file to import, in a folder of its own, and the command that imports it.</summary>
internal sealed class ImportFile : IDisposable
{
    private const string Time = "2024-01-09T00:00:00Z";
    private readonly string folder = Directory.CreateTempSubdirectory("patron-import-").FullName;

    public ImportFile(string name, string text, Encoding? encoding = null)
    {
        Name = Path.Combine(folder, name);
        File.WriteAllText(Name, text, encoding ?? new UTF8Encoding(false));
    }

    public string Name { get; }

    public string Errors => Path.ChangeExtension(Name, null) + ".errors" + Path.GetExtension(Name);

    public string State => Name + ".import-state";

    public static string Customers(int count) => "loyaltyCard,email,givenName\n" + string.Concat(Enumerable.Range(0, count).Select(i =>
        string.Create(CultureInfo.InvariantCulture, $"C-{i:000000},person{i}@example.com,Zoë {i}\n")));

    /// <summary>The arguments that reach a host.</summary>
    public string[] Arguments(TestHost host, params string[] more) =>
        [Name, "--url", host.Http.BaseAddress!.ToString(), "--key", KeyOf(host), "--time", Time, .. more];

    public async Task<(int Code, string Output)> ImportAsync(TestHost host, CancellationToken cancellation, params string[] more)
    {
        await using var output = new StringWriter();
        var code = await ImportCommand.ExecuteAsync(Arguments(host, more), output, output, cancellation);
        return (code, output.ToString());
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string KeyOf(TestHost host) => host.Http.DefaultRequestHeaders.GetValues("X-Api-Key").Single();
}
