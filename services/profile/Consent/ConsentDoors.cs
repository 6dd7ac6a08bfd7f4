using System.Net.Http.Json;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>
/// Asks channels to shut their gates ahead of the facts. What cannot be reached now shuts when it reads the fact, and until then it is honest to
/// say that the withdrawal is not yet in force.
/// </summary>
/// <param name="sending">The channels that send; the others have nothing to shut.</param>
/// <param name="reachable">Those whose address is known.</param>
internal sealed partial class ConsentDoors(
    IHttpClientFactory clients, ICollection<string> sending, IReadOnlySet<string> reachable, ILogger<ConsentDoors> logger)
{
    /// <summary>The client of a channel, with its address and an API key of the scope <c>write</c>.</summary>
    public static string ClientOf(string channel) => $"profile.door.{channel}";

    /// <summary>True when nothing more is sent for any of these, which must be committed. A retry is safe.</summary>
    public async Task<bool> ShutAsync(Guid customer, IReadOnlyList<ConsentChanged> withdrawn, CancellationToken cancellation)
    {
        var asked = withdrawn.Where(w => sending.Contains(w.Channel)).GroupBy(w => w.Channel).Select(async channel =>
            reachable.Contains(channel.Key) && await ShutAsync(channel.Key, new WithdrawnConsents(
                customer, [.. channel.Select(w => new WithdrawnConsent(w.Purpose, w.Version, w.ChangedAt))]), cancellation));
        return (await Task.WhenAll(asked)).All(inForce => inForce);
    }

    private async Task<bool> ShutAsync(string channel, WithdrawnConsents withdrawn, CancellationToken cancellation)
    {
        try
        {
            using var client = clients.CreateClient(ClientOf(channel));
            using var answer = await client.PostAsJsonAsync(
                ConsentDoor.PathOf(channel), withdrawn, ConsentDoorJson.Default.WithdrawnConsents, cancellation);
            answer.EnsureSuccessStatusCode();
            return await answer.Content.ReadFromJsonAsync(ConsentDoorJson.Default.DoorShut, cancellation) is { InForce: true };
        }
        catch (Exception fault) when (fault is HttpRequestException or TimeoutException
            || (fault is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            LogNotReached(logger, channel, fault);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The door of {Channel} does not answer; it shuts when it reads the fact.")]
    private static partial void LogNotReached(ILogger logger, string channel, Exception fault);
}
