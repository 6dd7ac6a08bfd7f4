using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Patron.Runtime.Hosting;

namespace Patron.Segmentation;

/// <summary>What peers are asked, and how their answers are read.</summary>
/// <param name="Path">Below <c>/v1/segmentation/partitions</c>.</param>
/// <param name="Body">Null for a question without one, which is a GET.</param>
/// <param name="Within">From the question to the end of the answer.</param>
internal sealed record PeerQuestion<T>(
    string Path, Func<HttpContent>? Body, Func<Stream, CancellationToken, Task<IReadOnlyList<Part<T>>>> Read, TimeSpan Within);

internal static class PeerQuestion
{
    public static readonly TimeSpan CountsWithin = TimeSpan.FromSeconds(2);
    public static readonly TimeSpan CopiesWithin = TimeSpan.FromSeconds(30);

    public static PeerQuestion<TPart> Of<TQuestion, TPart>(
        string path, TQuestion question, JsonTypeInfo<TQuestion> json, JsonTypeInfo<IReadOnlyList<Part<TPart>>> answer) => new(
        path, () => JsonContent.Create(question, json),
        async (stream, cancellation) => await JsonSerializer.DeserializeAsync(stream, answer, cancellation) ?? [], CountsWithin);

    public static PeerQuestion<TPart> Of<TPart>(string path, Func<BinaryReader, TPart> read) => new(
        path, null, (stream, cancellation) => PartStream.ReadAsync(stream, read, cancellation), CopiesWithin);
}

/// <summary>
/// The other instances of the service, by the names in <see cref="SegmentationSettings.Peers"/>, looked up anew for each question, so that
/// whoever came or went a moment ago is known. One that does not answer is logged, and its partitions are missing.
/// </summary>
internal sealed partial class PeerInstances(
    IHttpClientFactory clients, SegmentationSettings settings, SystemClock clock, ILogger<PeerInstances> logger)
{
    public const string Client = "segmentation.instances";

    /// <summary>Who asks, so that an instance which the names lead to itself answers nothing.</summary>
    public const string InstanceHeader = "X-Patron-Instance";

    public string Instance { get; } = Guid.CreateVersion7(clock.GetUtcNow()).ToString("D");

    /// <summary>The parts of each instance that answers.</summary>
    public async Task<IReadOnlyList<IReadOnlyList<Part<T>>>> AskAsync<T>(PeerQuestion<T> question, CancellationToken cancellation)
    {
        if (settings.PeerAddresses.Count == 0)
            return [];
        using var deadline = new CancellationTokenSource(question.Within, clock);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        var instances = await Task.WhenAll(settings.PeerAddresses.Select(peer => InstancesOfAsync(peer, ends.Token)));
        var answers = await Task.WhenAll(instances.SelectMany(of => of).Distinct().Select(one => AskAsync(one, question, ends.Token)));
        cancellation.ThrowIfCancellationRequested();
        return answers;
    }

    private async Task<IReadOnlyList<Uri>> InstancesOfAsync(Uri peer, CancellationToken cancellation)
    {
        try
        {
            var found = await Dns.GetHostAddressesAsync(peer.DnsSafeHost, cancellation);
            return [.. found.Select(address => new UriBuilder(peer) { Host = address.ToString() }.Uri)];
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException)
        {
            LogSilent(logger, peer.Authority, fault.Message);
            return [];
        }
    }

    private async Task<IReadOnlyList<Part<T>>> AskAsync<T>(Uri instance, PeerQuestion<T> question, CancellationToken cancellation)
    {
        try
        {
            using var client = clients.CreateClient(Client);
            using var request = new HttpRequestMessage(
                question.Body is null ? HttpMethod.Get : HttpMethod.Post, new Uri(instance, $"/v1/segmentation/partitions/{question.Path}"));
            request.Headers.Add("X-Api-Key", settings.PeersApiKey);
            request.Headers.Add(InstanceHeader, Instance);
            request.Content = question.Body?.Invoke();
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            response.EnsureSuccessStatusCode();
            await using var answer = await response.Content.ReadAsStreamAsync(cancellation);
            return await question.Read(answer, cancellation);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or JsonException or OperationCanceledException)
        {
            LogSilent(logger, instance.Authority, fault.Message);
            return [];
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The instance {Instance} did not answer for its partitions: {Reason}")]
    private static partial void LogSilent(ILogger logger, string instance, string reason);
}
