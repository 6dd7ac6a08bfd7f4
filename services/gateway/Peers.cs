using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Gateway;

/// <summary>Section <c>Peers</c>: where the services are, as base addresses that a sidecar may own, and the key to read them with.</summary>
public sealed class PeerSettings : ISettings
{
    public string Profile { get; set; } = "http://profile:8080";

    public string Tagging { get; set; } = "http://tagging:8080";

    public string Loyalty { get; set; } = "http://loyalty:8080";

    public string Segmentation { get; set; } = "http://segmentation:8080";

    public string Journey { get; set; } = "http://journey:8080";

    public string Email { get; set; } = "http://email:8080";

    public string Sms { get; set; } = "http://sms:8080";

    public string WeChat { get; set; } = "http://wechat:8080";

    /// <summary>An API key with the scope <c>read</c>.</summary>
    public string ApiKey { get; set; } = "";

    internal IEnumerable<(string Service, string Address)> All =>
    [
        ("profile", Profile), ("loyalty", Loyalty), ("tagging", Tagging), ("segmentation", Segmentation),
        ("journey", Journey), ("email", Email), ("sms", Sms), ("wechat", WeChat),
    ];

    public IEnumerable<SettingFault> Check() => All.Where(p => !Uri.TryCreate(p.Address, UriKind.Absolute, out _))
        .Select(p => new SettingFault(p.Service, "it must be a base address such as http://profile:8080"));
}

/// <summary>What a service answered, or why it did not.</summary>
internal sealed record Answer<T>(string Service, IReadOnlyList<T> Items, string? Trouble);

/// <summary>Reads the services' own stories and figures. One that does not answer is named; the others are shown all the same.</summary>
internal sealed class Peers(IHttpClientFactory clients, PeerSettings settings)
{
    public const string Client = "peers";

    public Task<Answer<Figure>[]> FiguresAsync(CancellationToken cancellation) => Task.WhenAll(settings.All.Select(peer => ReadAsync(
        peer, $"/v1/{peer.Service}/figures", StoryJson.Default.IReadOnlyListFigure, cancellation)));

    public Task<Answer<TimelineEntry>[]> TimelinesAsync(Guid customer, CancellationToken cancellation) => Task.WhenAll(settings.All.Select(peer => ReadAsync(
        peer, $"/v1/{peer.Service}/customers/{customer:D}/timeline", StoryJson.Default.IReadOnlyListTimelineEntry, cancellation)));

    private async Task<Answer<T>> ReadAsync<T>(
        (string Service, string Address) peer, string path, JsonTypeInfo<IReadOnlyList<T>> json, CancellationToken cancellation)
    {
        try
        {
            using var client = clients.CreateClient(Client);
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(peer.Address), path));
            request.Headers.Add("X-Api-Key", settings.ApiKey);
            using var response = await client.SendAsync(request, cancellation);
            response.EnsureSuccessStatusCode();
            return new Answer<T>(peer.Service, await response.Content.ReadFromJsonAsync(json, cancellation) ?? [], null);
        }
        catch (Exception fault) when (fault is HttpRequestException or JsonException or TaskCanceledException { InnerException: TimeoutException })
        {
            return new Answer<T>(peer.Service, [], $"{peer.Service} did not answer: {fault.Message}");
        }
    }
}
