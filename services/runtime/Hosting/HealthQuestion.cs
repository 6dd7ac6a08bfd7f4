using System.Net;
using Microsoft.AspNetCore.Builder;

namespace Patron.Runtime.Hosting;

/// <summary>
/// The switch <c>--healthy</c>: asks the process that runs with the same settings on this machine whether it is ready, for an orchestrator
/// that can only start a program inside a container without an HTTP client.
/// </summary>
internal static class HealthQuestion
{
    public const string Switch = "--healthy";

    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(4);

    /// <summary>Exit code 0 when it is ready, else <see cref="PatronHost.ExitFailed"/>.</summary>
    public static async Task<int> AskAsync(WebApplicationBuilder builder)
    {
        var settings = builder.AddSettings<HttpSettings>("Http");
        var bound = IPAddress.Parse(settings.Bind);
        var address = bound.Equals(IPAddress.Any) ? IPAddress.Loopback : bound.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : bound;
        using var http = new HttpClient { Timeout = AnswerWithin };
        try
        {
            using var answer = await http.GetAsync(new UriBuilder("http", address.ToString(), settings.Port, "/health/ready").Uri);
            return answer.IsSuccessStatusCode ? 0 : PatronHost.ExitFailed;
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
        {
            return PatronHost.ExitFailed;
        }
    }
}
