using System.Net.Http.Headers;
using System.Text.Json;

namespace Patron.Tool.Export;

/// <summary>
/// <c>patron export</c>: customers or purchases into a file that only its owner can read. The file is there when it is complete, or not at all.
/// </summary>
internal static class ExportCommand
{
    public const string Usage = """
        patron export customers|purchases --out file [--format csv|ndjson] [--personal] [--url http://127.0.0.1:8080] [--key ...]
        Details are masked; --personal asks for them whole, which needs a key with the scope 'personal'. The key is what PATRON_API_KEY says by default.
        """;

    private static readonly string[] Values = ["--out", "--format", "--url", "--key"];

    /// <summary>Answers 0 when the file is complete, 1 after a failure, 2 for a wrong argument.</summary>
    public static async Task<int> ExecuteAsync(string[] arguments, TextWriter output, TextWriter problems, CancellationToken cancellation)
    {
        if (Read(arguments) is not { } given || given.Key is null)
        {
            await problems.WriteLineAsync(Usage);
            return 2;
        }
        try
        {
            await output.WriteLineAsync($"{await DownloadAsync(given, cancellation):#,##0} bytes are in {given.Out}.");
            return 0;
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            await problems.WriteLineAsync($"Nothing was exported: {fault.Message}");
            return 1;
        }
    }

    private static Wanted? Read(string[] arguments)
    {
        if (arguments is not [("customers" or "purchases") and var what, .. var rest])
            return null;
        var given = new Dictionary<string, string>();
        for (var i = 0; i < rest.Length; i++)
        {
            if (rest[i] == "--personal")
                given[rest[i]] = "";
            else if (Values.Contains(rest[i]) && i + 1 < rest.Length)
                given[rest[i]] = rest[++i];
            else
                return null;
        }
        var format = given.GetValueOrDefault("--format") ?? "csv";
        if (!given.TryGetValue("--out", out var path) || format is not ("csv" or "ndjson")
            || !Uri.TryCreate(given.GetValueOrDefault("--url") ?? "http://127.0.0.1:8080", UriKind.Absolute, out var url))
            return null;
        var personal = given.ContainsKey("--personal") ? "&personal=true" : "";
        return new Wanted(
            new Uri(url, $"/v1/exports/{what}?format={format}{personal}"), path,
            given.GetValueOrDefault("--key") ?? Environment.GetEnvironmentVariable("PATRON_API_KEY"));
    }

    private static async Task<long> DownloadAsync(Wanted wanted, CancellationToken cancellation)
    {
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Add("X-Api-Key", wanted.Key);
        using var answer = await http.GetAsync(wanted.Address, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!answer.IsSuccessStatusCode)
            throw new HttpRequestException($"the server answered {(int)answer.StatusCode}. {await DetailAsync(answer, cancellation)}");
        var part = wanted.Out + ".part";
        await using (var file = new FileStream(part, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            await answer.Content.CopyToAsync(file, cancellation);
        }
        File.Move(part, wanted.Out, overwrite: true);
        return new FileInfo(wanted.Out).Length;
    }

    private static async Task<string> DetailAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        if (answer.Content.Headers.ContentType is not MediaTypeHeaderValue { MediaType: "application/problem+json" })
            return "It is no Patron server, or another version.";
        using var problem = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellation), default, cancellation);
        return problem.RootElement.GetProperty("detail").GetString() ?? "";
    }

    private sealed record Wanted(Uri Address, string Out, string? Key);
}
