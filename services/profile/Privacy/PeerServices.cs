using System.Net.Http.Json;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>The other services, as profile asks them about a person's data over HTTP.</summary>
internal sealed class PeerServices(IHttpClientFactory clients, IReadOnlyDictionary<string, Uri> addresses)
{
    public const string Client = "profile.privacy";

    public IReadOnlyList<string> Names { get; } = [.. addresses.Keys];

    /// <summary>The erasures of these customers that a service has applied; null when it keeps nothing of a person and follows none.</summary>
    /// <exception cref="HttpRequestException">It cannot be reached or refuses.</exception>
    public async Task<IReadOnlyList<AppliedErasure>?> ErasedAsync(string service, IReadOnlyList<Guid> customers, CancellationToken cancellation)
    {
        using var client = clients.CreateClient(Client);
        using var answer = await client.PostAsJsonAsync(
            AddressOf(service, "erased"), new ErasedWanted(customers), PersonalDataJson.Default.ErasedWanted, cancellation);
        answer.EnsureSuccessStatusCode();
        var told = await answer.Content.ReadFromJsonAsync(PersonalDataJson.Default.ErasedAnswer, cancellation)
            ?? throw new HttpRequestException($"{service} answered null.");
        return told.Hears ? told.Applied : null;
    }

    /// <summary>What a service keeps of a customer, a JSON object a line.</summary>
    /// <exception cref="HttpRequestException">It cannot be reached or refuses.</exception>
    public async IAsyncEnumerable<string> ExportAsync(
        string service, Guid customer, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        using var client = clients.CreateClient(Client);
        using var answer = await client.GetAsync(
            AddressOf(service, $"customers/{customer:D}/export"), HttpCompletionOption.ResponseHeadersRead, cancellation);
        answer.EnsureSuccessStatusCode();
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellation));
        while (await lines.ReadLineAsync(cancellation) is { } line)
            yield return line;
    }

    private Uri AddressOf(string service, string path) => new(addresses[service], $"/v1/{service}/{path}");
}
