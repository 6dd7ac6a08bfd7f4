using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Patron.Tool.Backtest;

/// <summary><c>patron backtest</c>: runs a changed programme over the stored history of a server and tells what it would have come to.</summary>
internal static class BacktestCommand
{
    public const string Usage = """
        patron backtest programme.json [--from 2026-01-01T00:00:00Z] [--until ...] [--url http://127.0.0.1:8080] [--key ...]
        Nothing of the live ledger is changed. Ctrl-C cancels the backtest. The key is what PATRON_API_KEY says by default; it needs the scope 'operate'.
        """;

    private const int BarColumns = 40;
    private static readonly string[] Values = ["--from", "--until", "--url", "--key"];
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(300);

    /// <summary>Answers 0 when the backtest is done, 1 after a failure or when it was cancelled, 2 for a wrong argument.</summary>
    public static async Task<int> ExecuteAsync(string[] arguments, TextWriter output, TextWriter problems, CancellationToken cancellation)
    {
        if (Read(arguments) is not { } wanted)
        {
            await problems.WriteLineAsync(Usage);
            return 2;
        }

        try
        {
            using var http = new HttpClient { BaseAddress = wanted.Server };
            http.DefaultRequestHeaders.Add("X-Api-Key", wanted.Key);
            return await RunAsync(http, wanted, output, problems, cancellation);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or UnauthorizedAccessException or JsonException)
        {
            await problems.WriteLineAsync($"The backtest did not come to an end here: {fault.Message}");
            return 1;
        }
    }

    private static Wanted? Read(string[] arguments)
    {
        if (arguments is not [var path, .. var rest] || path.StartsWith('-'))
            return null;
        var given = new Dictionary<string, string>();
        for (var i = 0; i + 1 < rest.Length && Values.Contains(rest[i]); i += 2)
            given[rest[i]] = rest[i + 1];
        var key = given.GetValueOrDefault("--key") ?? Environment.GetEnvironmentVariable("PATRON_API_KEY");
        if (given.Count * 2 != rest.Length || key is null
            || !Uri.TryCreate(given.GetValueOrDefault("--url") ?? "http://127.0.0.1:8080", UriKind.Absolute, out var server))
            return null;
        var period = new[] { "from", "until" }.Where(name => given.ContainsKey("--" + name))
            .Select(name => $"{name}={Uri.EscapeDataString(given["--" + name])}");
        return new(path, server, $"/v1/loyalty/backtests?{string.Join('&', period)}", key);
    }

    private static async Task<int> RunAsync(HttpClient http, Wanted wanted, TextWriter output, TextWriter problems, CancellationToken cancellation)
    {
        using var document = new StringContent(await File.ReadAllTextAsync(wanted.Path, cancellation), Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(new Uri(wanted.Start, UriKind.Relative), document, cancellation);
        if (!answer.IsSuccessStatusCode)
        {
            await problems.WriteLineAsync(await ToldAsync(answer, cancellation));
            return 1;
        }

        var address = answer.Headers.Location!;
        try
        {
            while (true)
            {
                var shown = (await http.GetFromJsonAsync<JsonNode>(address, cancellation))!;
                var (state, percent) = ((string)shown["state"]!, (int)shown["percent"]!);
                await output.WriteAsync(Bar(percent));
                if (state is not ("waiting" or "running"))
                {
                    await output.WriteLineAsync();
                    if (state == "done")
                        await output.WriteLineAsync(BacktestText.Of(shown["result"]!));
                    else
                        await problems.WriteLineAsync($"The backtest is {state}. {(string?)shown["fault"]}");
                    return state == "done" ? 0 : 1;
                }

                await Task.Delay(LookEvery, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            using var cancelled = await http.DeleteAsync(address, CancellationToken.None);
            await problems.WriteLineAsync("\nThe backtest is cancelled.");
            return 1;
        }
    }

    private static string Bar(int percent)
    {
        var full = percent * BarColumns / 100;
        return string.Create(CultureInfo.InvariantCulture, $"\r[{new string('#', full)}{new string('.', BarColumns - full)}] {percent,3} %");
    }

    /// <summary>What the server says is wrong, with every field that it names.</summary>
    private static async Task<string> ToldAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        var status = $"The server answered {(int)answer.StatusCode}.";
        if (answer.Content.Headers.ContentType?.MediaType != "application/problem+json")
            return $"{status} It is no Patron server, or another version.";
        var problem = (await answer.Content.ReadFromJsonAsync<JsonNode>(cancellation))!;
        var fields = problem["errors"]?.AsArray().Select(error => $"  {(string?)error!["pointer"]}: {(string?)error["detail"]}") ?? [];
        return string.Join('\n', [$"{status} {(string?)problem["detail"]}", .. fields]);
    }

    private sealed record Wanted(string Path, Uri Server, string Start, string Key);
}
